/** `fabric-gossip completion`: shell scripts generated from the actual verbs. */
import type { Command } from "commander";
import { GossipError } from "../lib/errors.ts";
import { withExamples } from "./words.ts";

/** One node in the tree of verbs, with its possible next words. */
interface Place {
  /** Path to this node, such as ` crypto generate`; empty at the root. */
  readonly path: string;
  readonly words: readonly Word[];
}

interface Word {
  readonly word: string;
  readonly description: string;
}

const SHELLS: ReadonlyMap<string, (places: readonly Place[]) => string> = new Map([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
]);

export function addCompletion(cli: Command): void {
  const verb = cli
    .command("completion")
    .description("print a completion script for a shell")
    .argument("<shell>", "bash, zsh or fish")
    .action((shell: string) => {
      const script = SHELLS.get(shell);
      if (script === undefined) {
        const remedy = `write one of ${[...SHELLS.keys()].join(", ")}`;
        throw new GossipError(
          "config-invalid",
          `There is no completion for "${shell}": ${remedy}.`,
        );
      }
      process.stdout.write(script(placesOf(cli, "")));
    });
  withExamples(
    verb,
    ["source <(fabric-gossip completion bash)", "in ~/.bashrc; for zsh the same in ~/.zshrc"],
    ["fabric-gossip completion fish > ~/.config/fish/completions/fabric-gossip.fish", "for fish"],
  );
}

function placesOf(command: Command, path: string): readonly Place[] {
  const verbs = command.commands.map((verb) => ({
    word: verb.name(),
    description: verb.description(),
  }));
  const options = command.options.map(({ long, description }) => ({
    word: long ?? "",
    description,
  }));
  const help = { word: "--help", description: "what this does, with examples" };
  const below = command.commands.flatMap((verb) => placesOf(verb, `${path} ${verb.name()}`));
  return [{ path, words: [...verbs, ...options, help] }, ...below];
}

/** Shell patterns for every node except the root. */
function patterns(places: readonly Place[]): string {
  return places
    .filter(({ path }) => path !== "")
    .map(({ path }) => `"${path}"`)
    .join(" | ");
}

function bashScript(places: readonly Place[]): string {
  const cases = places.map(
    ({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(" ")}" ;;`,
  );
  return `_fabric_gossip() {
  local current="\${COMP_WORDS[COMP_CWORD]}" place="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
      ${patterns(places)}) place="$place \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$place" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _fabric_gossip fabric-gossip
`;
}

function zshScript(places: readonly Place[]): string {
  const item = ({ word, description }: Word): string =>
    `'${word}:${description.replaceAll("'", "'\\''").replaceAll(":", "\\:")}'`;
  const cases = places.map(
    ({ path, words }) => `    "${path}") items=(${words.map(item).join(" ")}) ;;`,
  );
  return `#compdef fabric-gossip
_fabric_gossip() {
  local place="" i
  local -a items
  for ((i = 2; i < CURRENT; i++)); do
    case "$place \${words[i]}" in
      ${patterns(places)}) place="$place \${words[i]}" ;;
    esac
  done
  case "$place" in
${cases.join("\n")}
  esac
  _describe 'fabric-gossip' items || _files
}
compdef _fabric_gossip fabric-gossip
`;
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words }) =>
    words.map(({ word, description }) => {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      const told = description.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
      return `complete -c fabric-gossip -n '__fabric_gossip_at "${path.trim()}"' ${what} -d '${told}'`;
    }),
  );
  const known = places.map(({ path }) => `"${path.trim()}"`).join(" ");
  return `function __fabric_gossip_at
  set -l place ""
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$place $word")
    if contains -- $next ${known}
      set place $next
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join("\n")}
`;
}
