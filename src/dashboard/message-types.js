/** The messages of the protocol: how they are called, drawn and explained. Pure. */

/** `letter` and `family` tell marks apart; `types`: their names in the API. */
export const KINDS = [
  kind(
    "handshake",
    "C",
    "handshake",
    ["conn-establish"],
    "Handshake. Each side sends one signed message when the connection opens: its identity, bound to this TLS connection.",
  ),
  kind(
    "alive",
    "A",
    "alive",
    ["alive"],
    "Heartbeat. The sender signs it once, and members relay the same bytes to everyone who may see them. A newer one replaces it.",
  ),
  kind(
    "membership request",
    "Q",
    "membership",
    ["membership-request"],
    "Asks a peer for all members it knows, and carries the asker's own heartbeat.",
  ),
  kind(
    "membership response",
    "R",
    "membership",
    ["membership-response"],
    "Answer to a membership request: the latest heartbeats of live and dead members.",
  ),
  kind(
    "hello",
    "1",
    "pull",
    ["hello"],
    "Pull, step 1 of 4. Asks a peer what it has. Every member periodically pulls identities from a few peers.",
  ),
  kind(
    "digest",
    "2",
    "pull",
    ["digest"],
    "Pull, step 2 of 4. Answers a hello with the IDs of all items the sender has, under the same nonce.",
  ),
  kind(
    "request",
    "3",
    "pull",
    ["request"],
    "Pull, step 3 of 4. Requests the items that the asker lacks.",
  ),
  kind(
    "update",
    "4",
    "pull",
    ["update"],
    "Pull, step 4 of 4. Delivers the requested items; the receiver verifies each one.",
  ),
  kind(
    "state info",
    "S",
    "state",
    ["state-info", "state-snapshot", "state-info-pull-request"],
    "States that a peer is in a channel, its ledger height and its chaincodes.",
  ),
  kind(
    "member message",
    "M",
    "members",
    ["member-event", "member-query", "member-answer", "member-digest", "member-request"],
    "Between programs that are members: an event, a query, an answer, or which of them a member has or lacks. Fabric peers never get one.",
  ),
  kind("other", "…", "other", [], "A message that a member without a ledger does not use."),
];

function kind(name, letter, family, types, sentence) {
  return { name, letter, family, types, sentence };
}

/** @returns {ReturnType<typeof kind>} the last one for a type that none names. */
export function kindOf(type) {
  return KINDS.find(({ types }) => types.includes(type)) ?? KINDS[KINDS.length - 1];
}

/** Groups the messages of one pull by nonce. Undefined for other messages. */
export function nonceOf({ envelope }) {
  const message = envelope?.message;
  const part = message?.hello ?? message?.data_dig ?? message?.data_req ?? message?.data_update;
  return part === undefined ? undefined : (part.nonce ?? message.nonce);
}
