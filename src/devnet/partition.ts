/** Partitions of a devnet: groups of members that cannot reach each other. */
import type { MemberPlan } from "./plan.ts";

/** Member names per group; empty means no partition. */
export type Groups = readonly (readonly string[])[];

type ParsedGroups =
  | { readonly ok: true; readonly groups: Groups }
  | { readonly ok: false; readonly error: string };

/**
 * Parses a request body, `{groups: [[name, ...], ...]}`. Members in no listed group form one more
 * group together.
 */
export function parseGroups(body: unknown, names: readonly string[]): ParsedGroups {
  const groups = groupsIn(body);
  if (groups === undefined) {
    return { ok: false, error: 'Send {"groups": [[name, ...], ...]}; no groups heal the network.' };
  }
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const name of groups.flat()) {
    if (!names.includes(name)) problems.push(`There is no ${name.slice(0, 100)}`);
    else if (seen.has(name)) problems.push(`${name} is in more than one group`);
    seen.add(name);
  }
  if (problems.length > 0) {
    const more = problems.length > 5 ? `; and ${problems.length - 5} more` : "";
    const error = `${problems.slice(0, 5).join("; ")}${more}; GET /api/v1/devnet lists the members.`;
    return { ok: false, error };
  }
  const rest = names.filter((name) => !seen.has(name));
  const all = [...groups, rest].filter((group) => group.length > 0);
  return { ok: true, groups: groups.length === 0 || all.length === 1 ? [] : all };
}

function groupsIn(body: unknown): string[][] | undefined {
  const groups: unknown = typeof body === "object" && body && "groups" in body && body.groups;
  if (!Array.isArray(groups)) return undefined;
  const found: string[][] = [];
  for (const group of groups) {
    const names: readonly unknown[] = Array.isArray(group) ? group : [0];
    if (!names.every((name) => typeof name === "string")) return undefined;
    found.push([...names]);
  }
  return found;
}

/** The endpoints that a member cannot reach. */
export function cutOffFrom(
  groups: Groups,
  name: string,
  members: readonly MemberPlan[],
): readonly string[] {
  const own = groups.find((group) => group.includes(name));
  if (own === undefined) return [];
  return members.filter((member) => !own.includes(member.name)).map(({ endpoint }) => endpoint);
}
