/**
 * Our own certificate was renewed: another PKI-ID, so to the others another member at the same
 * endpoint. We keep what we know of them and begin a new incarnation under the new name.
 */

import { removeIdentity } from "../tables/identities.ts";
import { withdraw } from "../tables/pull.ts";
import { createSelf } from "../tables/self.ts";
import type { Effect } from "../types/effect.ts";
import type { Identity } from "../types/host.ts";
import { learn } from "./learn-identity.ts";
import { publish, publishIdentity } from "./publish.ts";
import { renewStateInfo } from "./serve-channel.ts";
import type { Core } from "./state.ts";

/** Adopts the new identity. Closes connections of the old one; they reopen on demand. */
export function renew(core: Core, self: Identity): readonly Effect[] {
  const old = core.options.self.pkiId;
  if (self.pkiId === old) return [];
  const { externalEndpoint, metadata, incarnation, nextToken } = core.self;
  core.options = {
    ...core.options,
    self,
    externalEndpoint,
    metadata,
    lastIncarnation: incarnation,
  };
  // A signature by the old key may still be pending, so do not reuse its token.
  const { formerIds } = core.self;
  core.self = { ...createSelf(core.options, core.now), nextToken, formerIds };
  formerIds.add(old);
  formerIds.delete(self.pkiId); // Return to an earlier certificate.
  removeIdentity(core.identities, old);
  withdraw(core.pull, old);
  const why = { code: "own-identity-renewed", detail: "" };
  const peers = [...core.identities.table.keys()];
  return [
    ...peers.map((pkiId) => ({ type: "disconnect", pkiId, why }) as const),
    ...learn(core, self, "self"),
    ...publishIdentity(core),
    ...publish(core),
    ...renewStateInfo(core),
  ];
}
