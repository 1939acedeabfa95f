/** `fabric-gossip why`: the node's own explanation of a peer. */
import { printable, printableJson } from "../lib/printable.ts";
import type { Explanation } from "../observe/diagnosis/why/explanation.ts";
import type { Json } from "../observe/json.ts";
import { getObject } from "./client.ts";
import { openTarget, type TargetOptions } from "./target.ts";
import { painter } from "./terminal.ts";

export interface WhyOptions extends TargetOptions {
  readonly json?: boolean;
}

/** Returns the exit code: 0 if the peer is visible, 1 if it is not. */
export async function why(peer: string, { json, ...options }: WhyOptions): Promise<number> {
  const target = await openTarget(options);
  const path = `/api/v1/why?peer=${encodeURIComponent(peer)}`;
  const explanation = await getObject<Json<Explanation>>(target, path);
  const text = json ? printableJson(explanation) : describe(explanation);
  process.stdout.write(`${text}\n`);
  return explanation.visible ? 0 : 1;
}

function describe({ peer, visible, sentences, remedy }: Json<Explanation>): string {
  const paint = painter(process.stdout);
  const answer = visible ? paint("green", "visible") : paint("red", "not visible");
  const lines = sentences.map((sentence) => `  ${printable(sentence)}`);
  const advice = remedy === null ? [] : [`What to do: ${printable(remedy)}`];
  return [`${printable(peer)} is ${answer}.`, ...lines, ...advice].join("\n");
}
