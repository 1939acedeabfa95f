/** A verb whose wrong use is told in our own words. */
import { Command, type ErrorOptions } from "commander";
import { GossipError } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";

/** What a user wrote may be of any length. */
const WORD_SHOWN_MAX = 100;

export class Verb extends Command {
  override createCommand(name?: string): Verb {
    return new Verb(name);
  }

  /** Throws `config-invalid`, where the library would print a message and end the process. */
  override error(message: string, { code }: ErrorOptions = {}): never {
    // Only an unknown option is quoted as it was written; then nothing follows but a suggestion.
    const isWritten = code === "commander.unknownOption";
    const [, quoted = ""] = (isWritten ? /'(.*)'/s : /'([^']*)'/).exec(message) ?? [];
    throw new GossipError("config-invalid", sentenceOf(this, code ?? "", quoted, message));
  }
}

/** `quoted`: the option or argument that the library's message is about. */
function sentenceOf(verb: Command, code: string, quoted: string, message: string): string {
  const path = pathOf(verb);
  const option = verb.options.find(({ flags }) => flags === quoted);
  switch (code) {
    case "commander.unknownOption":
      return noOption(verb, quoted.split("=")[0] ?? "");
    case "commander.missingMandatoryOptionValue":
      return `${path} needs ${quoted}: ${option?.description}.`;
    case "commander.optionMissingArgument":
      return `${path} ${quoted.replace(/ (?=<)/, " needs ")}: ${option?.description}.`;
    case "commander.missingArgument": {
      const argument = verb.registeredArguments.find((one) => one.name() === quoted);
      return `${path} needs <${quoted}>: ${argument?.description}.`;
    }
    case "commander.excessArguments": {
      const excess = verb.args[verb.registeredArguments.length] ?? "";
      return `${path} does not take ${shown(excess)}: leave it out; ${path} --help lists what it takes.`;
    }
    default:
      return message.replace(/^error: /, "");
  }
}

function noOption(verb: Command, flag: string): string {
  const path = pathOf(verb);
  const options = verb.options.flatMap(({ long }) => long ?? []);
  if (options.includes(flag)) return `${path} ${flag} takes no value: write it alone.`;
  const found = nearest(flag, options);
  const list =
    verb.parent === null
      ? `write the verb first; ${path} --help lists all`
      : `${path} --help lists all`;
  const remedy = found === undefined ? `${list}.` : `did you mean ${found}?`;
  return `${path} has no option ${shown(flag)}: ${remedy}`;
}

function pathOf(verb: Command): string {
  return verb.parent === null ? verb.name() : `${pathOf(verb.parent)} ${verb.name()}`;
}

function shown(word: string): string {
  return JSON.stringify(word.slice(0, WORD_SHOWN_MAX));
}
