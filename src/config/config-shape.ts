/** Whether a configuration that a program made or changed is whole: no compiler may have looked. */
import { isRecord, type Kind, listOf, misfit, STRING, STRINGS } from "../lib/arguments.ts";
import { buildConfig } from "./build.ts";
import { sourceOf } from "./source.ts";

const NUMBER: Kind = {
  words: "a number from 0",
  fits: (value) => typeof value === "number" && value >= 0 && Number.isFinite(value),
};
const MISSING_SHOWN_MAX = 3;
const WRONG_SHOWN_MAX = 20;

const fields = (words: string, kinds: Readonly<Record<string, Kind>>): Kind => ({
  words,
  fits: (value) =>
    isRecord(value) && Object.entries(kinds).every(([name, kind]) => kind.fits(value[name])),
});
const orNone = ({ words, fits }: Kind): Kind => ({
  words: `${words}, or undefined`,
  fits: (value) => value === undefined || fits(value),
});
const ADDRESS = fields("an object with host and port", { host: STRING, port: NUMBER });
const LAG = fields("", { blocks: NUMBER, timeMs: NUMBER, stillMs: orNone(NUMBER) });

/** Where the default does not say what may stand there; of our own, the name after its `fabricGossip`. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ["listenAddress", ADDRESS],
  ["operations.listenAddress", orNone(ADDRESS)],
  ["trustedMsps", listOf(fields("objects with mspId and path", { mspId: STRING, path: STRING }))],
  [
    "channels",
    listOf(
      fields("channels: objects with name, role, blocks, lag { blocks, timeMs }", {
        ...{ name: STRING, role: STRING, blocks: STRING, lag: LAG },
        ...{ configBlock: orNone(STRING), keepBlocks: orNone(NUMBER) },
      }),
    ),
  ],
  ["expiryNoticesMs", listOf({ ...NUMBER, words: "numbers from 0" })],
  // Checked with all tags.
  ["tags", { words: "an object of names and texts", fits: isRecord }],
]);

interface Wrong {
  /** Names of values that are not there. */
  readonly missing: string[];
  readonly problems: string[];
}

/** A sentence for what is missing, and one for each value of another kind. */
export function shapeProblems(given: object): readonly string[] {
  const wrong: Wrong = { missing: [], problems: [] };
  compare(
    "",
    given,
    buildConfig(sourceOf([]), () => undefined, []),
    wrong,
  );
  const { missing, problems } = wrong;
  const more = missing.length - MISSING_SHOWN_MAX;
  const names = missing.slice(0, MISSING_SHOWN_MAX).join(", ");
  const lacking = `The configuration has no ${names}${more > 0 ? ` and ${more} more` : ""}: change a copy of what loadConfig returns, or give options.`;
  return [...(missing.length > 0 ? [lacking] : []), ...problems.slice(0, WRONG_SHOWN_MAX)];
}

function compare(name: string, given: unknown, wanted: unknown, wrong: Wrong): void {
  const kind = KINDS.get(name.replace("fabricGossip.", "")) ?? kindOf(wanted);
  if (kind === undefined && isRecord(wanted) && isRecord(given)) {
    for (const [key, inner] of Object.entries(wanted)) {
      compare(name === "" ? key : `${name}.${key}`, given[key], inner, wrong);
    }
    return;
  }
  const needed = kind ?? { words: "an object", fits: isRecord };
  if (given === undefined && !needed.fits(given)) wrong.missing.push(name);
  else wrong.problems.push(...misfit(`${name} of the configuration`, given, needed));
}

/** Undefined: an object, to be looked into. */
function kindOf(wanted: unknown): Kind | undefined {
  if (wanted === undefined) return orNone(STRING);
  if (Array.isArray(wanted)) return STRINGS;
  if (typeof wanted === "number") return NUMBER;
  if (isRecord(wanted)) return undefined;
  const type = typeof wanted;
  const words = type === "boolean" ? "true or false" : STRING.words;
  return { words, fits: (value) => typeof value === type };
}
