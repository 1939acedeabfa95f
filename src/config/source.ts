/**
 * Where settings come from: overrides (`--set`), environment variables, one YAML file. Follows the
 * rules of Fabric's configuration library (viper): names do not distinguish capitals, the
 * environment beats the file, an empty environment variable counts as absent.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { isMap, isScalar, LineCounter } from "yaml";
import { decodeText, EncodingError } from "../lib/decode-text.ts";
import { GossipError } from "../lib/errors.ts";
import { faultAt, fileReason, fileRemedy } from "../lib/small-file.ts";
import { secondDocumentHint, yamlFault } from "../lib/yaml-fault.ts";
import { parseYaml } from "../lib/yaml-text.ts";
import { MAP_KEYS } from "./key-tags.ts";

/** One raw value and where it was found, for people: `core.yaml:12`, `CORE_PEER_ID`, `--set`. */
export interface Setting {
  readonly raw: unknown;
  readonly origin: string;
  /** What stood around the value and was left out. */
  readonly trimmed?: Trimmed | undefined;
}

/** What env files and Compose files put around a value without being asked. */
export type Trimmed = "carriage return" | "blank" | "quotation marks";

/** A setting that was given, under the name it was given by. */
interface Given {
  readonly name: string;
  readonly origin: string;
}

export interface Source {
  /** The file that was read, absolute; undefined without one. */
  readonly file: string | undefined;
  /** Whether there is a file that could not be used: what it would have said is not missing. */
  readonly isBroken: boolean;
  /** What is doubtful about the file itself. */
  readonly warnings: readonly string[];
  /** Relative paths start here: the file's folder, or the working directory without a file. */
  readonly folder: string;
  /** The setting of this name (`peer.id`), looked up also under the extra environment names. */
  find(name: string, extraEnv: readonly string[]): Setting | undefined;
  /** Everything given below `prefix` (in lower case), from all three places. */
  under(prefix: string): readonly Given[];
  /** The names given by overrides. */
  overridden(): readonly Given[];
  /** Those given by the file, in lower case. */
  inFile(): readonly Given[];
  /** The `CORE_` variables that have a value, below `fabricGossip` or not. */
  variables(): readonly string[];
}

interface SourceOptions {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly overrides?: readonly string[] | undefined;
}

type Settings = Map<string, Setting>;

const ENV_PREFIX = "CORE_";
/** Fabric's own sample has 40 KB, 300 marks and 200 values; aliases can repeat values. */
const FILE_BYTES_MAX = 1 << 18;
const MARKS_MAX = 5_000;
const VALUES_MAX = 5_000;
const DEPTH_MAX = 20;
/** Keys given twice that are told of; a file may be one and the same line many times. */
const TOLD_MAX = 5;
const NO_NAME =
  "The name of the configuration file is empty; name a core.yaml with --config, or leave it out.";

export function envName(name: string): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll(".", "_");
}

/** Reads everything there is to read. What cannot be read is added to `problems`. */
export async function openSource(options: SourceOptions, problems: string[]): Promise<Source> {
  const { FABRIC_CFG_PATH = "" } = options.env;
  if (options.file === "") {
    problems.push(NO_NAME);
    return { ...sourceOf([]), isBroken: true };
  }
  const { raw: configFolder } = trim(FABRIC_CFG_PATH);
  const named = options.file ?? (configFolder ? join(configFolder, "core.yaml") : undefined);
  const from = named === undefined || isAbsolute(named) ? "/" : workingFolder();
  const file = named === undefined ? undefined : resolve(from, named);
  const [before, warnings]: [number, string[]] = [problems.length, []];
  const ofFile = file === undefined ? new Map() : await readSettings(file, problems, warnings);
  const isBroken = problems.length > before && ofFile.size === 0;
  const ofOverrides = readOverrides(options.overrides ?? [], problems);
  return {
    file,
    isBroken,
    warnings,
    folder: file === undefined ? workingFolder() : dirname(file),
    find(name, extraEnv) {
      const key = name.toLowerCase();
      return ofOverrides.get(key) ?? findEnv(options.env, name, extraEnv) ?? ofFile.get(key);
    },
    under: (prefix) => [
      ...given(ofOverrides, prefix),
      ...givenByEnv(options.env, prefix),
      ...given(ofFile, prefix),
    ],
    overridden: () => given(ofOverrides, ""),
    inFile: () => given(ofFile, ""),
    variables: () =>
      Object.keys(options.env).filter(
        (name) => name.toUpperCase().startsWith(ENV_PREFIX) && options.env[name],
      ),
  };
}

/** Settings that a program gives by name; the later one of two counts. */
export function sourceOf(
  settings: readonly { readonly name: string; readonly raw: unknown; readonly origin: string }[],
): Source {
  const all: Settings = new Map(
    settings.map(({ name, raw, origin }) => [name.toLowerCase(), { raw, origin }]),
  );
  return {
    file: undefined,
    isBroken: false,
    warnings: [],
    folder: workingFolder(),
    find: (name) => all.get(name.toLowerCase()),
    under: (prefix) => given(all, prefix),
    overridden: () => given(all, ""),
    inFile: () => [],
    variables: () => [],
  };
}

/** Relative paths start there. Throws `config-invalid` if it is gone. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    const gone = "The working directory does not exist any more: change into another one.";
    throw new GossipError("config-invalid", gone);
  }
}

function findEnv(
  env: SourceOptions["env"],
  name: string,
  extraEnv: readonly string[],
): Setting | undefined {
  for (const variable of [...extraEnv, envName(name)]) {
    const value = trim(env[variable] ?? "");
    if (value.raw !== "") return { ...value, origin: variable };
  }
  return undefined;
}

/** A value without the blanks, line ends and pair of quotation marks around it. */
function trim(text: string): { readonly raw: string; readonly trimmed?: Trimmed } {
  if (text === "") return { raw: text };
  const bare = text.trim();
  const quoted = /^(?:"([^"]*)"|'([^']*)'|[\u201c\u201d]([^\u201c\u201d]*)[\u201c\u201d])$/.exec(
    bare,
  );
  const within = quoted?.[1] ?? quoted?.[2] ?? quoted?.[3];
  if (within !== undefined) return { raw: within.trim(), trimmed: "quotation marks" };
  const trimmed = text.endsWith("\r") ? "carriage return" : "blank";
  return bare === text ? { raw: text } : { raw: bare, trimmed };
}

function given(settings: Settings, prefix: string): Given[] {
  return [...settings]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, { origin }]) => ({ name, origin }));
}

function givenByEnv(env: SourceOptions["env"], prefix: string): Given[] {
  const start = envName(prefix);
  const variables = Object.keys(env).filter((name) => name.startsWith(start) && env[name]);
  return variables.map((origin) => {
    const name = origin.slice(ENV_PREFIX.length).toLowerCase().replaceAll("_", ".");
    return { name, origin };
  });
}

function readOverrides(overrides: readonly string[], problems: string[]): Settings {
  const settings: Settings = new Map();
  for (const override of overrides) {
    const equals = override.indexOf("=");
    const name = override.slice(0, Math.max(equals, 0)).trim();
    if (name === "") {
      problems.push(
        `"${override.slice(0, 100)}" (--set) is no setting; write KEY=VALUE, for example ` +
          "peer.gossip.bootstrap=peer0.org1.example.com:7051.",
      );
      continue;
    }
    settings.set(name.toLowerCase(), { ...trim(override.slice(equals + 1)), origin: "--set" });
  }
  return settings;
}

async function readSettings(
  file: string,
  problems: string[],
  warnings: string[],
): Promise<Settings> {
  const text = await readText(file).catch(async (error: unknown) => {
    const fault = await faultAt(file, error);
    const another = fileRemedy(fault) ?? "name another with --config or FABRIC_CFG_PATH";
    const remedy = error instanceof EncodingError ? "save it as UTF-8" : another;
    const what = `The configuration file ${file} cannot be read`;
    problems.push(`${what} (${fileReason(fault)}); ${remedy}.`);
  });
  return text === undefined ? new Map() : parseSettings(text, file, problems, warnings);
}

async function readText(file: string): Promise<string> {
  const found = await stat(file);
  // A pipe would never end, a folder never start.
  if (found.isDirectory()) throw new Error("it is a folder");
  if (!found.isFile()) throw new Error("it is not a regular file");
  if (found.size > FILE_BYTES_MAX) {
    throw new Error(`it has ${found.size} bytes, more than the ${FILE_BYTES_MAX} of any core.yaml`);
  }
  const text = decodeText(await readFile(file), { strict: true });
  if (text.includes("\0")) throw new Error("it is no text");
  return text;
}

/** All leaves of a YAML text by their dotted name in lower case; a list is a leaf. */
export function parseSettings(
  text: string,
  file: string,
  problems: string[],
  warnings: string[] = [],
): Settings {
  const settings: Settings = new Map();
  try {
    const lines = new LineCounter();
    // Keys that are given twice we find ourselves: the library compares each with each.
    const options = { merge: true, lineCounter: lines, uniqueKeys: false };
    const document = parseYaml(text, MARKS_MAX, options);
    if (typeof document === "string") {
      problems.push(
        `The configuration file ${file} ${document}; name a core.yaml with --config or FABRIC_CFG_PATH.`,
      );
      return settings;
    }
    // As Fabric, we read the first document of several.
    const fault = document.errors.find(({ code }) => code !== "MULTIPLE_DOCS");
    if (fault !== undefined) throw fault;
    const hint = secondDocumentHint(file, text, document.errors);
    if (hint !== undefined) warnings.push(hint);
    if (document.contents !== null && !isMap(document.contents)) {
      throw new Error("its top level is no mapping; is this a core.yaml?");
    }
    const [origins, keys] = [new Map<string, string>(), new Set<string>()];
    collectLines(document.contents, "", (name, key, offset) => {
      const { line } = lines.linePos(offset);
      if (keys.has(key) && warnings.length < TOLD_MAX) {
        warnings.push(
          `${key} is given twice in ${file}, the second time in line ${line}: what comes last ` +
            "counts. Remove one, since peers of Fabric 3 refuse such a file.",
        );
      }
      keys.add(key);
      origins.set(name, `${file}:${line}`);
    });
    const values: unknown = document.toJS({ mapAsMap: true });
    collectLeaves(values, "", 0, (name, raw) => {
      if (settings.size === VALUES_MAX) throw new Error(`it has more than ${VALUES_MAX} values`);
      const origin = origins.get(name) ?? file;
      if (settings.has(name)) {
        problems.push(`${name} (${origin}) is given twice in different capitals; remove one.`);
      }
      settings.set(name, { ...(typeof raw === "string" ? trim(raw) : { raw }), origin });
    });
  } catch (error) {
    problems.push(
      `The configuration file ${file} is not valid YAML (${yamlFault(error, text)}): correct it.`,
    );
  }
  return settings;
}

function collectLeaves(
  value: unknown,
  name: string,
  depth: number,
  leaf: (name: string, raw: unknown) => void,
): void {
  if (!(value instanceof Map) || MAP_KEYS.has(name)) {
    // Like viper, a key without a value counts as absent.
    if (name !== "" && value !== null && value !== undefined) leaf(name, value);
    return;
  }
  if (depth === DEPTH_MAX) throw new Error(`it nests deeper than ${DEPTH_MAX} levels`);
  for (const [key, inner] of value) {
    const part = String(key).toLowerCase();
    collectLeaves(inner, name === "" ? part : `${name}.${part}`, depth + 1, leaf);
  }
}

/** `found` hears of each key its name in lower case, its name as it is spelt, and where it is. */
function collectLines(
  node: unknown,
  path: string,
  found: (name: string, key: string, offset: number) => void,
): void {
  if (!isMap(node)) return;
  for (const { key, value } of node.items) {
    // The key `<<`, which may come more than once, is a symbol.
    if (isMap(key)) throw new Error("{{ }} of a template has not been filled in");
    if (!isScalar(key) || !key.range || typeof key.value === "symbol") continue;
    const inner = path === "" ? String(key.value) : `${path}.${key.value}`;
    found(inner.toLowerCase(), inner, key.range[0]);
    collectLines(value, inner, found);
  }
}
