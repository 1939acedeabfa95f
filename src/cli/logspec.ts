/** `fabric-gossip logspec`: the log levels of a running node. */
import { printable, printableJson } from "../lib/printable.ts";
import { ask, getObject } from "./client.ts";
import { openTarget, type TargetOptions } from "./target.ts";

const PATH = "/logspec";

export async function getLogSpec({
  json,
  ...options
}: TargetOptions & { readonly json?: boolean }): Promise<void> {
  const found = await getObject<{ spec: string }>(await openTarget(options), PATH);
  process.stdout.write(`${json ? printableJson(found) : printable(found.spec)}\n`);
}

/** Throws `config-invalid` with the node's message if the specification is invalid. */
export async function setLogSpec(spec: string, options: TargetOptions): Promise<void> {
  const target = await openTarget(options);
  const headers = { "content-type": "application/json" };
  await ask(target, PATH, { method: "PUT", headers, body: JSON.stringify({ spec }) });
}
