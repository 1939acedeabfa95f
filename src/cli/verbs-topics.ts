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
    .option("--payload <text>", "what is said; default: nothing")
    .option("--file <file>", "the same, from a file; at most 16 KiB")
    .option("--tag <name=value>", "only members with this tag; may be repeated", append)
    .option("--organisation <mspid>", "only members of this one; may be repeated", append);
}

function addEvent(cli: Command): void {
  const verb = cli
    .command("event")
    .description("say something to other members, or listen to them");
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
  const watch = withTarget(verb.command("watch").description("print what members say"))
    .argument("[topic]", "only about this; default: about anything")
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
    .description("ask other members and print their answers; exit code 1 if nobody answers")
    .argument("<topic>", "what is asked")
    .option("--timeout <seconds>", "how long answers are awaited (default: 5)")
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
