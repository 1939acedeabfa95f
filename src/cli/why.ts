/** `fabric-gossip why`: the node's own explanation of a peer. */
import { printable, printableJson } from "../lib/printable.ts";
import type { ChannelExplanation } from "../node/explain-member.ts";
import type { Explanation } from "../observe/diagnosis/why/explanation.ts";
import type { Json } from "../observe/json.ts";
import { getObject } from "./client.ts";
import { openTarget, type TargetOptions } from "./target.ts";
import { painter } from "./terminal.ts";

export interface WhyOptions extends TargetOptions {
  readonly json?: boolean;
  readonly channel?: string;
}

type Answer = Json<Explanation> | Json<ChannelExplanation>;

/** Returns the exit code: 0 if the peer is visible, with `--channel` there; 1 if it is not. */
export async function why(
  peer: string,
  { json, channel, ...options }: WhyOptions,
): Promise<number> {
  const target = await openTarget(options);
  const parameters = new URLSearchParams({ peer, ...(channel === undefined ? {} : { channel }) });
  const explanation = await getObject<Answer>(target, `/api/v1/why?${parameters}`);
  const text = json ? printableJson(explanation) : describe(explanation);
  process.stdout.write(`${text}\n`);
  return isWell(explanation) ? 0 : 1;
}

function isWell(explanation: Answer): boolean {
  return "listed" in explanation ? explanation.listed : explanation.visible;
}

function describe(explanation: Answer): string {
  const { peer, sentences, remedy } = explanation;
  const paint = painter(process.stdout);
  const what =
    "listed" in explanation ? `a member of ${explanation.channel} in good order` : "visible";
  const answer = isWell(explanation) ? paint("green", what) : paint("red", `not ${what}`);
  const lines = sentences.map((sentence) => `  ${printable(sentence)}`);
  const advice = remedy === null ? [] : [`What to do: ${printable(remedy)}`];
  return [`${printable(peer)} is ${answer}.`, ...lines, ...advice].join("\n");
}
