/** For tests of the handshake: two ends of a link in virtual time, and claims of all kinds. */
import assert from "node:assert/strict";
import {
  createToyIdentity,
  type ToyIdentity,
  toyCrypto,
} from "../../test/transport/toy-identities.ts";
import { encodeEnvelope, encodeMessage } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import { type Handshake, shakeHands } from "./handshake.ts";
import type { HandshakeFault } from "./handshake-fault.ts";
import { createMemoryHub } from "./memory.ts";
import type { Link, NetworkFault } from "./network.ts";
import { createVirtualClock } from "./testing.ts";

export const alice = createToyIdentity("Org1", "alice");
export const bob = createToyIdentity("Org2", "bob");

interface Outcome {
  handshake?: Handshake;
  fault?: HandshakeFault | NetworkFault;
  readonly messages: string[];
  closed?: string;
}

export async function setUp(
  options: { readonly tls?: boolean; readonly bobCertificate?: Uint8Array | undefined } = {},
) {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock, tls: options.tls ?? true });
  const certificate = "bobCertificate" in options ? options.bobCertificate : Buffer.from("bob");
  const aliceNetwork = hub.network({ endpoints: ["alice:1"], certificate: Buffer.from("alice") });
  const bobNetwork = hub.network({
    endpoints: ["bob:1"],
    ...(certificate === undefined ? {} : { certificate }),
  });
  const links: Link[] = [];
  await aliceNetwork.listen((link) => links.push(link));
  bobNetwork.dial("alice:1", {
    opened: (link) => links.push(link),
    failed: assert.fail,
  });
  clock.advance(0);
  const [inbound, outbound] = links;
  assert.ok(inbound && outbound);

  const shake = (link: Link, who: ToyIdentity, probe = false): Outcome & { cancel(): void } => {
    const cancel = shakeHands(
      {
        link,
        clock,
        crypto: toyCrypto,
        signer: who.signer,
        self: who.identity,
        probe,
        timeoutMs: 2_000,
      },
      {
        accepted(handshake) {
          outcome.handshake = handshake;
          return {
            message: (bytes) => outcome.messages.push(Buffer.from(bytes).toString()),
            drain: () => {},
            closed: (fault) => {
              outcome.closed = fault;
            },
          };
        },
        refused: (fault) => {
          outcome.fault = fault;
        },
      },
    );
    const outcome: Outcome & { cancel(): void } = { messages: [], cancel };
    return outcome;
  };
  /** What the other end of a link hears, without any handshake of its own. */
  const hear = (link: Link) => {
    const heard = { messages: 0, reason: "" };
    link.start({
      message: () => {
        heard.messages += 1;
      },
      drain: () => {},
      closed: (_fault, reason) => {
        heard.reason = reason;
      },
    });
    return heard;
  };
  return { clock, inbound, outbound, shake, hear };
}

export type World = Awaited<ReturnType<typeof setUp>>;

export interface Claim {
  readonly pkiId?: Uint8Array;
  readonly identity?: Uint8Array;
  readonly tlsCertHash?: Uint8Array;
  readonly signer?: (payload: Uint8Array) => Uint8Array;
  readonly secret?: { readonly payload: Uint8Array; readonly signature: Uint8Array };
}

/** Bob's handshake, honest but for what is given. */
export function claimOf(link: Link, who: ToyIdentity, claim: Claim): Uint8Array {
  const payload = encodeMessage({
    tag: TAG.empty,
    content: {
      type: "conn-establish",
      value: {
        pkiId: claim.pkiId ?? pkiIdBytes(who.identity.pkiId),
        identity: claim.identity ?? who.identity.bytes,
        tlsCertHash: claim.tlsCertHash ?? link.localCertHash,
      },
    },
  });
  const signer = claim.signer ?? who.signer;
  const signature = signer(payload);
  assert.ok(signature instanceof Uint8Array);
  return encodeEnvelope({ payload, signature, secret: claim.secret }).bytes;
}
