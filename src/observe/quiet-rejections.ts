import type { RejectionCode } from "./events.ts";

/**
 * Rejections that say nothing against the peer, since an honest one that is slow, old, just restarted,
 * or that knows more or less than we do causes them: counted, but neither logged nor reported.
 */
export const QUIET_REJECTIONS: ReadonlySet<RejectionCode> = new Set<RejectionCode>([
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
  // A flood of messages must not cause a flood of events.
  "check-budget",
  "news-budget",
  "answer-budget",
  // Of messages among members of our kind.
  "event-author-unknown",
  "event-stale",
  "event-expired",
  "event-budget",
  "event-foreign",
  // It arrived after the query had ended.
  "answer-unexpected",
  "request-budget",
]);
