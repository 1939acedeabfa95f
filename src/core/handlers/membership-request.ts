/** Membership requests (spec B 1.5, 2.3; Fabric's `sendMemResponse`). */

import type { MembershipRequest } from "../../wire/messages.ts";
import { parseAlive } from "../../wire/received.ts";
import { discloseMember } from "../rules/disclosure.ts";
import { useIdentity } from "../tables/identities.ts";
import type { Recipient } from "../tables/self.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import { hear } from "./alive.ts";
import { spendAnswer } from "./check.ts";
import { serveNow } from "./publish.ts";
import { type Core, ownParty } from "./state.ts";

/** Estimated bytes of an entry of the answer. */
const ENTRY_BYTES = 300;

/** Answers a request after applying the requester's alive message. */
export function handleMembershipRequest(
  core: Core,
  request: MembershipRequest,
  nonce: bigint,
  from: PkiId,
): readonly Effect[] {
  const bytes = ENTRY_BYTES * (1 + core.members.table.size);
  if (!spendAnswer(core, from, bytes)) return [drop(from, "answer-budget")];
  const alive = parseAlive(request.selfInformation, core.options.read);
  if (!alive.ok) return [drop(from, alive.code)];
  if (alive.value.pkiId !== from) return [drop(from, "request-spoofed")];
  const claim = { type: "alive", from, source: "request", alive: alive.value } as const;
  const { effects, fault } = hear(core, claim);
  if (fault !== undefined) return [...effects, drop(from, fault)];
  const mspId = useIdentity(core.identities, from, core.now)?.mspId;
  if (mspId === undefined) return [...effects, drop(from, "identity-unknown")];
  const { endpoint, internalEndpoint } = alive.value;
  const asker: Recipient = {
    to: from,
    endpoint: internalEndpoint || endpoint,
    party: { mspId, isExternal: endpoint !== "" },
    nonce,
  };
  return [...effects, ...answer(core, asker)];
}

function answer(core: Core, asker: Recipient): readonly Effect[] {
  const own = ownParty(core);
  if (discloseMember(own.mspId, asker.party, own) === "hidden") {
    const why = { code: "not-disclosed", detail: asker.party.mspId };
    return [drop(asker.to, "not-disclosed"), { type: "disconnect", pkiId: asker.to, why }];
  }
  return serveNow(core, { type: "membership-response", ...asker });
}
