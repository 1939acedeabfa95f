/** Defines the command line verb by verb. Each verb loads only what it needs. */
import type { Command } from "commander";
import { VERSION } from "../lib/version.ts";
import { addCompletion } from "./completion.ts";
import type { Signals } from "./signals.ts";
import { Verb } from "./verb.ts";
import { addLocalVerbs } from "./verbs-local.ts";
import { addNodeVerbs } from "./verbs-node.ts";
import { addReaderVerbs } from "./verbs-reader.ts";
import { addRunVerbs } from "./verbs-run.ts";
import { addTopicVerbs } from "./verbs-topics.ts";

export function program(early?: Signals): Command {
  const cli = new Verb("fabric-gossip")
    .description("The gossip layer of Hyperledger Fabric: one member, or a network of them.")
    .version(VERSION, "-V, --version", "print the version, like the verb `version`")
    .exitOverride();
  addRunVerbs(cli, early);
  addNodeVerbs(cli);
  addTopicVerbs(cli);
  addReaderVerbs(cli);
  addLocalVerbs(cli);
  addCompletion(cli);
  return cli.addHelpText(
    "after",
    "\nfabric-gossip VERB --help shows details and examples.\n" +
      "Exit codes: 0 success; 1 the answer is no, or a check failed; 2 wrong use or\n" +
      "            wrong configuration; 3 the node cannot be reached.",
  );
}
