/** The words that name a verb, read before the library for options sees them. */
import type { Command } from "commander";
import { GossipError } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";

/** What a user wrote may be of any length. */
const WORD_SHOWN_MAX = 100;

/**
 * The arguments, with `help VERB` written as `VERB --help`. Throws `config-invalid` for a verb that does not
 * exist: asked for help with such a verb, the library shows help about something else.
 */
export function readVerb(cli: Command, given: readonly string[]): readonly string[] {
  const verbs: string[] = [];
  let command = cli;
  let asksHelp = false;
  for (const [i, word] of given.entries()) {
    if (command.commands.length === 0 || word.startsWith("-")) {
      return [...verbs, ...(asksHelp ? ["--help"] : []), ...given.slice(i)];
    }
    if (word === "help") {
      asksHelp = true;
      continue;
    }
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) throw new GossipError("config-invalid", noVerb(command, verbs, word));
    verbs.push(word);
    command = found;
  }
  return asksHelp ? [...verbs, "--help"] : verbs;
}

function noVerb(command: Command, verbs: readonly string[], word: string): string {
  const names = command.commands.map((one) => one.name());
  const found = nearest(word, names);
  const list =
    command.parent === null ? "fabric-gossip --help lists all" : `write one of ${names.join(", ")}`;
  const remedy = found === undefined ? `${list}.` : `did you mean ${found}?`;
  const shown = JSON.stringify(word.slice(0, WORD_SHOWN_MAX));
  return `${["fabric-gossip", ...verbs].join(" ")} has no verb ${shown}: ${remedy}`;
}
