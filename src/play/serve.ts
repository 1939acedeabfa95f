/** `fabric-gossip play`: serves the playground. Static files; everything runs in the browser. */
import { createApp, type HttpServer, serve } from "../ops/http-server.ts";
import { collectFiles, type StaticFile } from "./files.ts";

const HOST = "127.0.0.1";

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;

/** Starts the server. Throws `listen-failed` if the port cannot be used. */
export async function servePlayground(port: number): Promise<HttpServer> {
  const files = await collectFiles();
  const listen = { host: HOST, port };
  const app = createApp(listen);
  app.get("*", (context) => {
    const file: StaticFile | undefined = files.get(context.req.path.slice(1) || "index.html");
    if (file === undefined) return context.notFound();
    return context.body(file.text, 200, { ...HEADERS, "content-type": file.type });
  });
  return serve(app, listen, undefined, {
    what: "the playground",
    remedy: "stop what uses the port, or choose another --port",
  });
}
