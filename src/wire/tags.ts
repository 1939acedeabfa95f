/** The routing class of a message: which one it must have, and how far it may travel (spec A 3.1). */
import { type Content, type GossipMessage, PULL_TYPE, TAG } from "./messages.ts";

/** The tag a receiver demands of each content; undefined = refused, whatever the tag. */
const LEGAL_TAG: { readonly [T in Content["type"]]: number | "by-pull-type" | undefined } = {
  alive: TAG.empty,
  "membership-request": TAG.empty,
  "membership-response": TAG.empty,
  data: TAG.chanAndOrg,
  hello: "by-pull-type",
  digest: "by-pull-type",
  request: "by-pull-type",
  update: "by-pull-type",
  empty: undefined,
  "conn-establish": undefined,
  "state-info": TAG.chanOrOrg,
  "state-snapshot": TAG.chanOrOrg,
  "state-info-pull-request": TAG.chanOrOrg,
  "state-request": TAG.chanOrOrg,
  "state-response": TAG.chanOrOrg,
  leadership: TAG.chanAndOrg,
  "peer-identity": TAG.orgOnly,
  ack: undefined,
  "private-request": undefined,
  "private-response": undefined,
  "private-data": undefined,
};

/**
 * Whether tag and content belong together (Fabric: `IsTagLegal`). Demanded of gossip messages only:
 * handshakes, acks, private data and envelopes nested in other messages are never asked. An illegal
 * tag costs the message, not the connection.
 */
export function isTagLegal(message: GossipMessage): boolean {
  const { content, tag } = message;
  if (content === undefined) return false;
  const legal = LEGAL_TAG[content.type];
  return tag === (legal === "by-pull-type" ? legalPullTag(content) : legal);
}

function legalPullTag(content: Content): number | undefined {
  const pullType = "msgType" in content.value ? content.value.msgType : PULL_TYPE.undefined;
  if (pullType === PULL_TYPE.identity) return TAG.empty;
  return pullType === PULL_TYPE.block ? TAG.chanAndOrg : undefined;
}

/** Whether the message concerns one channel only (Fabric: `IsChannelRestricted`). */
export function isChannelRestricted(tag: number): boolean {
  return tag === TAG.chanOnly || tag === TAG.chanAndOrg || tag === TAG.chanOrOrg;
}

/** Whether the message must not leave the organisation (Fabric: `IsOrgRestricted`). */
export function isOrgRestricted(tag: number): boolean {
  return tag === TAG.orgOnly || tag === TAG.chanAndOrg;
}
