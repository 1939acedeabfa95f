/** `GET /`: the dashboard. Static files of our own without external requests. */
import { readFile } from "node:fs/promises";
import type { HttpApp } from "./http-server.ts";

const TYPES = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
} as const;

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;

const FOLDER = new URL("../dashboard/", import.meta.url);
/** The page may request these files only. */
const FILE = /^[a-z-]{1,40}\.(css|js)$/;

/** Adds the page. `kind`: for one member, or for the network of `devnet`. */
export function addDashboard(app: HttpApp, kind: "member" | "devnet"): void {
  app.get("/", async (context) => {
    const html = await readFile(new URL("index.html", FOLDER), "utf8");
    const page = html.replace('data-kind=""', `data-kind="${kind}"`);
    return context.body(page, 200, { ...HEADERS, "content-type": TYPES.html });
  });
  app.get("/dashboard/:file", async (context) => {
    const file = context.req.param("file");
    const ending = FILE.exec(file)?.[1];
    if (ending !== "css" && ending !== "js") return context.notFound();
    try {
      const content = await readFile(new URL(file, FOLDER), "utf8");
      return context.body(content, 200, { ...HEADERS, "content-type": TYPES[ending] });
    } catch {
      return context.notFound(); // No such file.
    }
  });
}
