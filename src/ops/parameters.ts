/** The parameters of a request: a misspelt one would widen an audience, or what is listed, to all. */
import type { Context } from "hono";
import { type HttpApp, routesAt } from "./http-server.ts";

interface Known {
  readonly repeatable?: readonly string[];
  readonly single?: readonly string[];
}

const AUDIENCE = ["tag", "organisation"];
/** By method and path. Others have none. */
const KNOWN: Readonly<Record<string, Known>> = {
  "GET /api/v1/members": { repeatable: ["tag"] },
  "GET /api/v1/why": { single: ["peer", "channel"] },
  "GET /api/v1/channels/:name/blocks": { single: ["from", "limit"] },
  "POST /api/v1/events/:topic": { repeatable: AUDIENCE },
  "POST /api/v1/queries/:topic": { repeatable: AUDIENCE, single: ["timeoutMs"] },
};

/** Refuses parameters that a path does not have. Before the paths are added. */
export function addParameterCheck(app: HttpApp): void {
  app.use("/api/v1/*", async (context, next) => {
    const { path } = context.req;
    const method = context.req.method === "HEAD" ? "GET" : context.req.method;
    const route = routesAt(app, path).find((one) => one.method === method);
    const problems = route && parameterProblems(context, KNOWN[`${method} ${route.path}`] ?? {});
    if (problems === undefined || problems.length === 0) return next();
    return context.json({ error: problems.join("\n") }, 400);
  });
}

function parameterProblems(
  context: Context,
  { repeatable = [], single = [] }: Known,
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
