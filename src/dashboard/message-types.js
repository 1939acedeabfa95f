/** The messages of the protocol: how they are called, drawn and explained. Pure. */

/** `letter` and `family` tell marks apart; `types`: their names in the API. */
export const KINDS = [
  kind(
    "handshake",
    "C",
    "handshake",
    ["conn-establish"],
    "The handshake. Each side sends one, signed, at once after the connection is made: who I am, and proof that this TLS connection is mine.",
  ),
  kind(
    "alive",
    "A",
    "alive",
    ["alive"],
    "A heartbeat. Its sender signs it once; everybody passes on the very same bytes to whom they may. A newer one replaces it.",
  ),
  kind(
    "membership request",
    "Q",
    "membership",
    ["membership-request"],
    "Asks a peer for all members it knows, and brings the asker's own heartbeat along.",
  ),
  kind(
    "membership response",
    "R",
    "membership",
    ["membership-response"],
    "The answer: the newest heartbeats of the members that are alive, and of those that are dead.",
  ),
  kind(
    "hello",
    "1",
    "pull",
    ["hello"],
    "Pull, step 1 of 4. Asks what the other side has; of identities, everybody asks a few peers now and then.",
  ),
  kind(
    "digest",
    "2",
    "pull",
    ["digest"],
    "Pull, step 2 of 4. Answers a hello with the names of everything the sender has, under the same nonce.",
  ),
  kind(
    "request",
    "3",
    "pull",
    ["request"],
    "Pull, step 3 of 4. Asks for what the asker has not got yet.",
  ),
  kind(
    "update",
    "4",
    "pull",
    ["update"],
    "Pull, step 4 of 4. Brings what was asked for; every item is checked before it is believed.",
  ),
  kind(
    "state info",
    "S",
    "state",
    ["state-info", "state-snapshot", "state-info-pull-request"],
    "Says that a peer is in a channel, how high its ledger is, and which chaincodes it runs.",
  ),
  kind("other", "…", "other", [], "A message that a member without ledger has no use for."),
];

function kind(name, letter, family, types, sentence) {
  return { name, letter, family, types, sentence };
}

export function kindOf(type) {
  return KINDS.find(({ types }) => types.includes(type)) ?? KINDS[KINDS.length - 1];
}

/** What belongs together in a pull: messages with the same nonce. Undefined for other messages. */
export function nonceOf({ envelope }) {
  const message = envelope?.message;
  const part = message?.hello ?? message?.data_dig ?? message?.data_req ?? message?.data_update;
  return part === undefined ? undefined : (part.nonce ?? message.nonce);
}
