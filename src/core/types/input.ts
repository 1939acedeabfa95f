import type { ChannelConfiguration } from "../../channel/types/configuration.ts";
import type { Fault } from "./event.ts";
import type { Identity, PkiId } from "./host.ts";

/** All inputs of the core. The host creates them from sockets, timers and commands. */
export type Input =
  /** The node is ready to send and receive. First input, once. */
  | { readonly type: "start" }
  /** The moment `nextDeadlineMs` named has come (early or late does no harm). */
  | { readonly type: "tick" }
  /** One encoded Envelope arrived on the authenticated connection of `from`. */
  | { readonly type: "message"; readonly from: PkiId; readonly bytes: Uint8Array }
  /** A handshake succeeded, whoever dialled. */
  | { readonly type: "connected"; readonly identity: Identity }
  /** The last connection to the peer broke; we did not close it. */
  | { readonly type: "connection-lost"; readonly pkiId: PkiId }
  /** We closed the last connection to the peer, or nobody had used it for long. */
  | { readonly type: "connection-closed"; readonly pkiId: PkiId }
  /** No connection to the peer could be made, or a message to it was lost with its connection. */
  | { readonly type: "send-failed"; readonly pkiId: PkiId; readonly endpoint: string }
  /** The peer accepted a connection of ours only to refuse us, now or a moment ago. */
  | { readonly type: "refused"; readonly pkiId: PkiId; readonly fault: Fault }
  /** Where we expected `old`, another identity of the same organisation answered. */
  | { readonly type: "replaced"; readonly old: PkiId; readonly identity: Identity }
  /** Answer to an `identify` effect; no identity = it failed. */
  | {
      readonly type: "identified";
      readonly endpoint: string;
      readonly identity: Identity | undefined;
      /** Why it failed. With our own identity: another process uses it. */
      readonly fault?: Fault;
    }
  /** The endpoints to which bootstrap names resolve now; replaces the previous ones. */
  | { readonly type: "names-resolved"; readonly endpoints: readonly string[] }
  /** Answer to a `ping` effect. */
  | { readonly type: "pinged"; readonly pkiId: PkiId; readonly reachable: boolean }
  /** Answer to a `sign` effect, in the order of the effects; no signature = it failed. */
  | {
      readonly type: "signed";
      readonly token: number;
      readonly signature: Uint8Array | undefined;
      readonly secretSignature: Uint8Array | undefined;
    }
  /** The host changes what we publish about ourselves. Takes effect with a heartbeat sent at once. */
  | { readonly type: "set-metadata"; readonly metadata: Uint8Array }
  | { readonly type: "set-endpoint"; readonly externalEndpoint: string }
  /**
   * Number of blocks of a channel that we can serve; its configuration decides who may have them.
   */
  | {
      readonly type: "channel-served";
      readonly configuration: ChannelConfiguration;
      readonly height: bigint;
    }
  /** Answer to a `serve-blocks` effect: number of bytes sent. */
  | {
      readonly type: "blocks-served";
      readonly channel: string;
      readonly to: PkiId;
      readonly bytes: number;
    }
  /** The trusted MSPs or revocation lists changed: every identity is judged again at once. */
  | { readonly type: "trust-changed" }
  /** A configuration of a channel that we follow is in force; the crypto knows its MSPs already. */
  | {
      readonly type: "channel-configured";
      readonly channel: string;
      readonly configuration: ChannelConfiguration;
    }
  /** Number of verified blocks of a channel. */
  | { readonly type: "channel-proven"; readonly channel: string; readonly height: bigint }
  /** A member could not show the block that its height promises. */
  | {
      readonly type: "channel-disproved";
      readonly channel: string;
      readonly pkiId: PkiId;
      readonly height: bigint;
    }
  /** Our own certificate was renewed; the host signs with its key from now on. */
  | { readonly type: "renewed"; readonly self: Identity };
