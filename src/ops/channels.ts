/** The followed channels: `/api/v1/channels` and the paths below it. */
import { GossipError } from "../lib/errors.ts";
import type { GossipNode } from "../node/node.ts";
import { toJson } from "../observe/json.ts";
import { addBlocks } from "./blocks.ts";
import type { HttpApp } from "./http-server.ts";

export function addChannels(app: HttpApp, node: GossipNode): void {
  addBlocks(app, node);
  app.get("/api/v1/channels", (context) => context.json(toJson(node.channels())));
  app.get("/api/v1/channels/:name", (context) => {
    const found = find(node, context.req.param("name"));
    return found.ok ? context.json(toJson(found.channel.view())) : context.json(found.body, 404);
  });
  app.get("/api/v1/channels/:name/heights", (context) => {
    const found = find(node, context.req.param("name"));
    return found.ok ? context.json(toJson(found.channel.heights())) : context.json(found.body, 404);
  });
  app.get("/api/v1/channels/:name/config", (context) => {
    const found = find(node, context.req.param("name"));
    if (!found.ok) return context.json(found.body, 404);
    const configuration = found.channel.configuration();
    if (configuration !== null) return context.json(toJson(configuration));
    return context.json({ error: "its configuration is not known yet: ask again" }, 503);
  });
}

type Found =
  | { readonly ok: true; readonly channel: ReturnType<GossipNode["channel"]> }
  | { readonly ok: false; readonly body: { readonly error: string } };

/** The channel of this name, if it is followed. */
function find(node: GossipNode, name: string): Found {
  try {
    return { ok: true, channel: node.channel(name) };
  } catch (error) {
    if (error instanceof GossipError) return { ok: false, body: { error: error.message } };
    throw error;
  }
}
