import type { Identity, PkiId } from "./host.ts";
import type { Member } from "./member.ts";

export type PurgeReason = "expired" | "revoked" | "invalid" | "unused" | "replaced";

/** How an identity became known. */
export type LearntFrom = "self" | "handshake" | "alive" | "pull";

/** Why a member counts as dead. */
export type DeathReason =
  /** Silent for `aliveExpiryMs`. */
  | "silent"
  /** It could not be reached, and a ping confirmed that. */
  | "unreachable"
  /** First reported as dead by another member. */
  | "listed-dead";

/** What went wrong: a stable word, and what the place where it happened knows of it, for people. */
export interface Fault {
  readonly code: string;
  /** A name, a reason of the network, ...; empty if the code says it all. */
  readonly detail: string;
  /** What we have where the other side has `detail`, if that the two differ is what is wrong. */
  readonly ours?: string;
}

/** How far a member is behind on a channel. */
export interface ChannelLag {
  readonly channel: string;
  readonly pkiId: PkiId;
  readonly mspId: string;
  readonly height: bigint;
  /** Number of known blocks that it lacks. */
  readonly behind: bigint;
  /** Milliseconds since it first lacked a block. */
  readonly lagMs: number;
}

/** Events for the host. `member` and `identity` are snapshots. */
export type CoreEvent =
  | { readonly type: "member-joined"; readonly member: Member }
  | { readonly type: "member-updated"; readonly member: Member }
  | { readonly type: "member-dead"; readonly member: Member; readonly reason: DeathReason }
  | { readonly type: "member-returned"; readonly member: Member }
  | {
      readonly type: "member-forgotten";
      readonly member: Member;
      readonly reason: "silent" | PurgeReason;
    }
  | {
      readonly type: "identity-learnt";
      readonly identity: Identity;
      readonly learntFrom: LearntFrom;
    }
  | {
      readonly type: "identity-expiring";
      readonly identity: Identity;
      /** Which notice this is: so many milliseconds before the certificate expires, or fewer. */
      readonly noticeMs: number;
    }
  | { readonly type: "identity-purged"; readonly identity: Identity; readonly reason: PurgeReason }
  | ({ readonly type: "contact-failed"; readonly endpoint: string } & Fault)
  | { readonly type: "same-identity"; readonly pkiId: PkiId; readonly endpoint: string }
  /** A member of a channel has another height than before, or was heard of for the first time. */
  | {
      readonly type: "channel-height";
      readonly channel: string;
      readonly pkiId: PkiId;
      readonly mspId: string;
      readonly height: bigint;
      /** By its own clock, nanoseconds since the epoch. */
      readonly committedAtNs: bigint;
    }
  | ({
      readonly type: "channel-member-lagging" | "channel-member-recovered";
    } & ChannelLag)
  /** Others held newer messages of a former life of ours: we go on from there. */
  | { readonly type: "incarnation-raised"; readonly incarnation: bigint }
  | { readonly type: "signing-failed"; readonly detail: string };
