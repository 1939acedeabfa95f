/** Settings of a file that have no effect, though they look like ours. */
import { ALL_KEYS } from "./keys.ts";
import { meant } from "./meant.ts";
import { envName, type Source } from "./source.ts";

/** A file may be one and the same mistake many times. */
const TOLD_MAX = 5;
/** Names that are compared with ours; Fabric's own sample has 250. */
const COMPARED_MAX = 1_000;

export function withoutEffectInFile(source: Source): readonly string[] {
  const given = source.inFile();
  if (given.length === 0) return [];
  if (!given.some(({ name }) => /^(?:peer|fabricgossip)\./.test(name))) {
    return [`${source.file} has no key below peer or fabricGossip: is it the core.yaml of a peer?`];
  }
  const byVariable = new Map(ALL_KEYS.map(({ name }) => [envName(name), name]));
  const variables = [...byVariable.keys()];
  const told = given.slice(0, COMPARED_MAX).flatMap(({ name, origin }) => {
    const variable = envName(name);
    if (byVariable.has(variable) || name.startsWith("fabricgossip.")) return [];
    const isInner = name.includes(".fabricgossip.");
    if (isInner) return `${name} (${origin}) has no effect: fabricGossip stands at the top level.`;
    const found = byVariable.get(meant(variable, variables) ?? "");
    if (found === undefined) return [];
    return `${name} (${origin}) has no effect; did you mean ${found}?`;
  });
  return told.slice(0, TOLD_MAX);
}
