/** Options and helpers shared by the verbs. */
import { type Command, Option } from "commander";
import { DEFAULT_URL } from "./target.ts";

/** Collects an option that may be repeated. */
export function append(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Adds examples to a verb's help, each with its purpose. */
export function withExamples(
  verb: Command,
  ...examples: readonly (readonly [command: string, purpose: string])[]
): Command {
  const lines = examples.map(([command, purpose]) => `  $ ${command}\n      ${purpose}`);
  return verb.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

/** Configuration options of `start`, `doctor` and `probe`. */
export function withConfiguration(verb: Command): Command {
  return verb
    .option("--config <file>", "core.yaml of the member (default: $FABRIC_CFG_PATH/core.yaml)")
    .option("--set <key=value>", "any configuration key; may be repeated", append);
}

/** Connection options of every verb that asks a running node. */
export function withTarget(verb: Command): Command {
  const option = (flags: string, description: string, variable: string): Option => {
    // Compose files make what is not set an empty text, which would count as a value.
    if (process.env[variable] === "") delete process.env[variable];
    return new Option(flags, description).env(variable);
  };
  return verb
    .addOption(
      option("--url <url>", `operations address (default: ${DEFAULT_URL})`, "FABRIC_GOSSIP_URL"),
    )
    .addOption(option("--ca <file>", "CA of the node's TLS certificate, PEM", "FABRIC_GOSSIP_CA"))
    .addOption(option("--cert <file>", "our TLS client certificate, PEM", "FABRIC_GOSSIP_CERT"))
    .addOption(option("--key <file>", "the key of --cert, PEM", "FABRIC_GOSSIP_KEY"))
    .option("--config <file>", "take address and TLS from the node's own core.yaml");
}
