/** The parameters of a request: a misspelt one would widen an audience, or what is listed, to all. */
import type { Context } from "hono";
import { GossipError } from "../lib/errors.ts";

/** What is wrong with the names of the parameters; none but these may be there. */
export function parameterProblems(
  context: Context,
  repeatable: readonly string[],
  single: readonly string[] = [],
): readonly string[] {
  const known = [...repeatable, ...single];
  return Object.entries(context.req.queries()).flatMap(([name, values]) => {
    const shown = `"${name.slice(0, 100)}"`;
    if (!known.includes(name)) {
      const remedy = known.length > 0 ? `use ${known.join(", ")}` : "leave it out";
      return [`there is no parameter ${shown}: ${remedy}.`];
    }
    if (values.length === 1 || repeatable.includes(name)) return [];
    return [`the parameter ${shown} is there ${values.length} times: give it once.`];
  });
}

/** Throws `message-invalid` with these. */
export function checkParameters(...about: Parameters<typeof parameterProblems>): void {
  const problems = parameterProblems(...about);
  if (problems.length > 0) throw new GossipError("message-invalid", problems);
}
