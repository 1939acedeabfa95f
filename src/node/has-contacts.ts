import type { Config } from "../config/config.ts";
import { isOwnEndpoint } from "../core/tables/contacts.ts";

/** Whether there is anybody to contact; else the member waits until others contact it. */
export function hasContacts(config: Config): boolean {
  const { gossip, fabricGossip, endpoint, externalEndpoint } = config;
  const own = { internalEndpoint: endpoint, externalEndpoint };
  if (fabricGossip.bootstrapNames.length > 0) return true;
  return [...gossip.bootstrap, ...fabricGossip.anchorPeers].some((one) => !isOwnEndpoint(one, own));
}
