/** Why something received was not used, by code. */
import type { WireFault } from "../../wire/decode.ts";
import type { IdentityFault } from "./host.ts";

export type AliveFault =
  /** Not decodable, or beyond a limit of the codec or `ALIVE_BYTES_MAX`. */
  | WireFault
  /** Decodable, but no alive message. */
  | "not-alive"
  /** No member, no PKI-ID of 32 bytes, no time or no signature (spec B 10.1). */
  | "alive-incomplete";

/** Why an identity presented under a PKI-ID is refused. */
export type PresentedIdentityFault = IdentityFault | "pki-id-mismatch" | "identity-expired";

/** Why a claim is not believed. */
export type VerifyFault =
  | PresentedIdentityFault
  | "identity-unknown"
  | "signature-invalid"
  | StateInfoFault;

/** Why a StateInfo is not believed although it is signed. */
export type StateInfoFault =
  /** Of, or from, somebody whose organisation is not on the channel, or who is no valid member of it. */
  | "state-info-organisation"
  /** Its author may not read the channel. */
  | "state-info-readers";

/** Why something was not looked at. The peer or author named by the code asks too much of us. */
export type BudgetFault =
  /** The peer has used up its signature checks. */
  | "check-budget"
  /** The author speaks more often than anybody needs to. */
  | "news-budget"
  /** The peer has used up what we answer it. */
  | "answer-budget";

/** Its certificate has spoken later under another PKI-ID, or changes its PKI-ID too often. */
export type NameFault = "certificate-in-use";

export type CheckFault = VerifyFault | BudgetFault | NameFault;

/** Why something received was not used. Those in {@link QUIET_DROPS} are everyday life. */
export type DropCode =
  | AliveFault
  | VerifyFault
  | BudgetFault
  | NameFault
  /** A tag that this kind of message must not have. */
  | "tag-illegal"
  /** A message of a channel that we do not follow, or another content that is not for us. */
  | "not-followed"
  /** Not newer than what we have. */
  | "stale"
  /** Our own message came back. */
  | "own-message"
  /** A membership request in somebody else's name. */
  | "request-spoofed"
  /** The peer may not see us: its request is not answered. */
  | "not-disclosed"
  /** Nobody asked for this digest or update, or it came too late. */
  | "pull-unsolicited"
  /** A request without a hello of the same peer shortly before. */
  | "pull-without-hello"
  /** More hellos at a time than we remember for one peer. */
  | "pull-too-often"
  /** A pulled item that is no identity. */
  | "not-an-identity"
  /** News of a channel without author, channel or time. */
  | "state-info-incomplete"
  /** The peer asks for something of a channel that its organisation, or it itself, may not have. */
  | "channel-refused"
  /** A request for blocks that we do not have, or for too many at a time. */
  | "blocks-refused"
  /** Private data, which we do not keep: the peer was told so. */
  | "private-data"
  /** A snapshot tells of somebody who is no member. */
  | "member-unknown"
  /** A table or queue is full. */
  | "channels-full"
  | "members-full"
  | "identities-full"
  | "backlog-full";

/**
 * Drops that say nothing against the peer, since an honest one that is slow, old, just restarted, or
 * that knows more or less than we do causes them: counted, but neither logged nor reported.
 */
export const QUIET_DROPS: ReadonlySet<DropCode> = new Set([
  "not-followed",
  "stale",
  "own-message",
  "identity-unknown",
  // Neighbours that trust more organisations than we do speak of them all the time.
  "identity-unknown-msp",
  // Nor do all learn of a revocation, a new CA or the end of a certificate in the same moment.
  "identity-invalid",
  "identity-revoked",
  "identity-expired",
  // A configuration reaches one sooner than another; Fabric's peers ask for one block too many.
  "channel-refused",
  "blocks-refused",
  "private-data",
  // Its round took longer than ours allows, or one of us was restarted in the middle of it.
  "pull-without-hello",
  "pull-unsolicited",
  // A peer that stood still sends at once what it had to say meanwhile.
  "pull-too-often",
  // It cannot know yet that we have no external endpoint for it, or it none for us.
  "not-disclosed",
  // It is we who are full; health and metrics say so.
  "channels-full",
  "members-full",
  "identities-full",
  "backlog-full",
  // Fabric's peers pass on what was said under every PKI-ID of a certificate.
  "certificate-in-use",
  // It may be a configuration ahead of us, or behind.
  "state-info-organisation",
  "state-info-readers",
  "member-unknown",
  // A flood must not become a flood of events.
  "check-budget",
  "news-budget",
  "answer-budget",
]);
