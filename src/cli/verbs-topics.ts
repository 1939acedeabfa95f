/** The verbs for messages among members of our kind. */
import type { Command } from "commander";
import { listenToSignals } from "./signals.ts";
import type { QueryOptions, SayOptions, WatchOptions } from "./topics.ts";
import { append, withExamples, withTarget } from "./words.ts";

export function addTopicVerbs(cli: Command): void {
  addEvent(cli);
  addQuery(cli);
}

function withSaying(verb: Command): Command {
  return withTarget(verb)
    .option("--payload <text>", "payload as text; default: empty")
    .option("--file <file>", "payload from a file or pipe, at most 16 KiB")
    .option("--tag <name=value>", "only members with this tag; may be repeated", append)
    .option("--organisation <mspid>", "only members of this organisation; may be repeated", append);
}

function addEvent(cli: Command): void {
  const verb = cli.command("event").description("send events to other members, or watch theirs");
  const send = withSaying(verb.command("send").description("send an event; prints its id"))
    .argument("<topic>", "what it is about")
    .action(async (topic: string, options: SayOptions) =>
      (await import("./topics.ts")).sendEvent(topic, options),
    );
  withExamples(
    send,
    ["npx fabric-gossip event send deploy --payload v17", "to every member of our kind"],
    ["npx fabric-gossip event send invalidate --payload p17 --tag role=shop", "to the shops"],
  );
  const watch = withTarget(verb.command("watch").description("print members' events"))
    .argument("[topic]", "only this topic; default: all")
    .option("--json", "as JSON lines, for programs")
    .action(async (topic: string | undefined, options: WatchOptions) => {
      const signals = listenToSignals();
      await (await import("./topics.ts")).watchEvents(topic, options, signals);
      process.exit(0);
    });
  withExamples(watch, ["npx fabric-gossip event watch deploy", "until interrupted"]);
}

function addQuery(cli: Command): void {
  const verb = withSaying(cli.command("query"))
    .description("query other members and print their answers; exit code 1 if nobody answers")
    .argument("<topic>", "what is asked")
    .option("--timeout <seconds>", "how long to wait for answers (default: 5)")
    .option("--json", "as JSON, for programs")
    .action(async (topic: string, options: QueryOptions) => {
      process.exitCode = await (await import("./topics.ts")).query(topic, options);
    });
  withExamples(
    verb,
    ["npx fabric-gossip query fabric-gossip:version", "which version each daemon is"],
    ["npx fabric-gossip query stock --payload p17 --tag role=shop", "what programs answer"],
  );
}
