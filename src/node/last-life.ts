/** What a member knows of its last life, and keeps for the next one. */
import type { Identity } from "../core/types/host.ts";
import type { CoreOptions } from "../core/types/options.ts";
import { keepMembers } from "./keep-members.ts";
import type { NodeParts, StartOptions } from "./options.ts";
import {
  lifeAhead,
  ownerDoubt,
  readFormerMembers,
  readIncarnation,
  writeFormerMembers,
  writeIncarnation,
  writeOwner,
} from "./state-folder.ts";
import { createWarner } from "./warner.ts";

export async function lastLife(
  stateDir: string | undefined,
  self: Identity,
  wallMs: number,
  warn: StartOptions["warn"],
): Promise<Pick<CoreOptions, "lastIncarnation" | "formerPeers">> {
  if (stateDir === undefined) return { lastIncarnation: 0n };
  const { incarnation, problem } = await readIncarnation(stateDir);
  const owner = await ownerDoubt(stateDir, self);
  for (const doubt of [owner, problem, lifeAhead(incarnation, wallMs)]) {
    if (doubt !== undefined) warn?.(doubt);
  }
  return { lastIncarnation: incarnation, formerPeers: await readFormerMembers(stateDir) };
}

export function keeping(
  stateDir: string | undefined,
  self: Identity,
  warn: StartOptions["warn"],
): Pick<NodeParts, "keep" | "keepMembers"> {
  if (stateDir === undefined) return {};
  const tell = createWarner(warn);
  const tellOnce = (problem: string | undefined): void => tell(problem ? [problem] : [], true);
  return {
    keep: async (incarnation) => {
      tellOnce(await writeIncarnation(stateDir, incarnation));
      await writeOwner(stateDir, self);
    },
    keepMembers: (core, clock) =>
      keepMembers(core, clock, async (endpoints) =>
        tellOnce(await writeFormerMembers(stateDir, endpoints)),
      ),
  };
}
