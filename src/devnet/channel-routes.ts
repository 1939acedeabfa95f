/** Routes of the devnet's channel: how far it is, how fast it grows, who lags, a forged block. */
import type { HttpApp } from "../ops/http-server.ts";
import type { ChannelFeed } from "./channel-feed.ts";
import { BLOCKS_PER_MINUTE_MAX } from "./channel-source.ts";
import type { Supervisor } from "./supervisor.ts";

const PATH = "/api/v1/devnet/channel";
const NONE = "this devnet has no channel; start it with --channel NAME";

/** `GET` answers null without a channel, so that a page may ask. */
export function addChannel(
  app: HttpApp,
  { feed, supervisor }: { readonly feed: ChannelFeed | undefined; readonly supervisor: Supervisor },
): void {
  app.get(PATH, (context) => context.json(feed?.status ?? null));
  app.post(PATH, async (context) => {
    if (feed === undefined) return context.json({ error: NONE }, 404);
    const problem = change(feed, supervisor, await context.req.json().catch(() => undefined));
    return problem === undefined
      ? context.json(feed.status)
      : context.json({ error: problem }, 400);
  });
  for (const action of ["forge", "differ"] as const) {
    app.post(`${PATH}/${action}`, (context) => {
      if (feed === undefined) return context.json({ error: NONE }, 404);
      feed[action]();
      return context.json(feed.status);
    });
  }
}

/** Carries out `{blocksPerMinute?, lagging?}`; a sentence if it is something else. */
function change(feed: ChannelFeed, supervisor: Supervisor, body: unknown): string | undefined {
  const { blocksPerMinute, lagging } = { ...(typeof body === "object" ? body : {}) } as {
    blocksPerMinute?: unknown;
    lagging?: unknown;
  };
  if (blocksPerMinute === undefined && lagging === undefined) {
    return 'send {"blocksPerMinute": 30} or {"lagging": ["peer0.org1"]}';
  }
  const isRate =
    typeof blocksPerMinute === "number" &&
    blocksPerMinute >= 0 &&
    blocksPerMinute <= BLOCKS_PER_MINUTE_MAX;
  if (blocksPerMinute !== undefined && !isRate) {
    return `blocksPerMinute must be a number from 0 to ${BLOCKS_PER_MINUTE_MAX}`;
  }
  const names: readonly unknown[] = Array.isArray(lagging) ? lagging : [];
  const known = names.filter((name) => typeof name === "string" && supervisor.has(name));
  if (lagging !== undefined && (!Array.isArray(lagging) || known.length < names.length)) {
    return "lagging must be a list of names of members";
  }
  if (isRate) feed.source.setRate(blocksPerMinute);
  if (lagging !== undefined) feed.setLagging(known.map(String));
  return undefined;
}
