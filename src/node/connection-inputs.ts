/** What the connections tell, as inputs of the core and as events for the host. */
import type { PkiId } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import { hostOf } from "../lib/host-of.ts";
import { add, type Counters } from "../observe/counters.ts";
import { refusedAs, remedyFor, tellFault, toldOf } from "../observe/diagnosis/causes.ts";
import type { EventContent } from "../observe/events.ts";
import type { ConnectionEvents } from "../transport/connection-options.ts";
import { isStatusFault } from "../transport/grpc-status.ts";

interface ConnectionListener {
  readonly give: (input: Input) => void;
  readonly publish: (event: EventContent) => void;
  readonly counters: Counters;
  readonly twinSeen: (place: string) => void;
  /** Told before the core. */
  readonly disconnected: (pkiId: PkiId) => void;
}

/** Whether the end of a connection says what a peer does not take; refusals are told apart. */
const isTelling = (code: string): boolean => code === "message-too-large" || isStatusFault(code);

/** A contact could not be reached, in words. */
export const contactFailed = (
  endpoint: string,
  code: "name-unresolved",
  detail: string,
): EventContent => {
  return { type: "contact-failed", endpoint, code, ...toldOf({ code, detail }) };
};

/** All but the messages, which whoever owns the core takes by itself. */
export function connectionInputs(listener: ConnectionListener): Omit<ConnectionEvents, "message"> {
  const { give, publish, counters, twinSeen } = listener;
  return {
    connected: (identity, { outbound, endpoint }) => {
      const { pkiId, mspId } = identity;
      publish({ type: "connection-opened", pkiId, mspId, outbound, remote: endpoint });
      give({ type: "connected", identity });
    },
    disconnected: (pkiId, { isWilled, ...end }) => {
      publish({ type: "connection-closed", pkiId, code: end.code, reason: tellFault(end) });
      listener.disconnected(pkiId);
      // Who waits for its answer knows then why there is none.
      if (isTelling(end.code)) give({ type: "refused", pkiId, fault: end });
      give({ type: isWilled ? "connection-closed" : "connection-lost", pkiId });
    },
    sendFailed: (pkiId, endpoint, code, detail) => {
      publish({ type: "send-failed", pkiId, endpoint, code, ...toldOf({ code, detail }) });
      give({ type: "send-failed", pkiId, endpoint });
    },
    refused: (pkiId, endpoint, { fault: code, reason: detail }, isRepeated) => {
      const told = toldOf({ code, detail });
      if (!isRepeated) publish({ type: "send-failed", pkiId, endpoint, code, ...told });
      give({ type: "refused", pkiId, fault: { code, detail } });
    },
    twinSeen: (address) => twinSeen(hostOf(address)),
    replaced: (old, identity) => give({ type: "replaced", old, identity }),
    handshakeFailed: (code, remote, detail) => {
      add(counters.handshakesFailed, code);
      const reason = tellFault({ code, detail });
      const remedy = remedyFor(refusedAs(code)) ?? null;
      publish({ type: "handshake-failed", remote, code, reason, remedy });
    },
    dropped: (_pkiId, messages) => {
      counters.overflows += messages;
    },
  };
}
