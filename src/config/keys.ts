/** All configuration keys. */
import type { Key } from "./key.ts";
import { GOSSIP_KEYS } from "./keys-gossip.ts";
import { LIMIT_KEYS, OWN_KEYS } from "./keys-own.ts";
import { KEEPALIVE_KEYS, LOGGING_KEYS, OPERATIONS_KEYS, PEER_KEYS, TLS_KEYS } from "./keys-peer.ts";

/** The table in the order of the manual: a heading, and the keys below it. */
export const SECTIONS: readonly (readonly [string, Readonly<Record<string, Key<unknown>>>])[] = [
  ["The node", PEER_KEYS],
  ["TLS", TLS_KEYS],
  ["Gossip", GOSSIP_KEYS],
  ["Keepalive", KEEPALIVE_KEYS],
  ["Operations endpoint and metrics", OPERATIONS_KEYS],
  ["Log", LOGGING_KEYS],
  ["Our own keys", OWN_KEYS],
  ["Limits", LIMIT_KEYS],
];

export const ALL_KEYS: readonly Key<unknown>[] = SECTIONS.flatMap(([, keys]) =>
  Object.values(keys),
);
