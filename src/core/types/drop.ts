/** Reasons for dropping received data, by code. */
import type { AliveFault } from "../../wire/received.ts";
import type { IdentityFault } from "./host.ts";

/** Why an identity presented under a PKI-ID is refused. */
export type PresentedIdentityFault = IdentityFault | "pki-id-mismatch" | "identity-expired";

/** Why a claim is rejected. */
export type VerifyFault =
  | PresentedIdentityFault
  | "identity-unknown"
  | "signature-invalid"
  | StateInfoFault;

/** Why a signed StateInfo is rejected. */
export type StateInfoFault =
  /** Author or sender is no valid member of an organisation on the channel. */
  | "state-info-organisation"
  /** Its author may not read the channel. */
  | "state-info-readers";

/** A peer or author exceeds its budget, so its data is dropped unchecked. */
export type BudgetFault =
  /** Signature checks of the relaying peer. */
  | "check-budget"
  /** Messages of the author. */
  | "news-budget"
  /** Bytes of our answers to the peer. */
  | "answer-budget";

/** Its certificate has spoken later under another PKI-ID, or changes its PKI-ID too often. */
export type NameFault = "certificate-in-use";

export type CheckFault = VerifyFault | BudgetFault | NameFault;

/** Why received data was dropped. */
export type DropCode =
  | AliveFault
  | VerifyFault
  | BudgetFault
  | NameFault
  /** A tag that this kind of message must not have. */
  | "tag-illegal"
  /** Of a channel that we do not follow, or other content that is not for us. */
  | "not-followed"
  /** Not newer than what we have. */
  | "stale"
  /** Our own message came back. */
  | "own-message"
  /** A membership request in somebody else's name. */
  | "request-spoofed"
  /** The peer may not see us: its request is not answered. */
  | "not-disclosed"
  /** An unrequested or late digest or update. */
  | "pull-unsolicited"
  /** A request without a hello of the same peer shortly before. */
  | "pull-without-hello"
  /** Too many open hellos of one peer. */
  | "pull-too-often"
  /** A pulled item that is no identity. */
  | "not-an-identity"
  /** News of a channel without author, channel or time. */
  | "state-info-incomplete"
  /** The peer or its organisation has no right to the requested channel data. */
  | "channel-refused"
  /** A request for blocks that we do not have, or for too many at a time. */
  | "blocks-refused"
  /** Private data, which we do not keep; the peer gets a refusal. */
  | "private-data"
  /** A snapshot entry of an unknown member. */
  | "member-unknown"
  /** A table or queue is full. */
  | "channels-full"
  | "members-full"
  | "identities-full"
  | "backlog-full";
