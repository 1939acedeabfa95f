/** `config.yaml` of an MSP folder: the rules about organisational units (spec A 7.1). */
import { printable } from "../lib/printable.ts";
import { secondDocumentHint, yamlFault } from "../lib/yaml-fault.ts";
import { parseYaml } from "../lib/yaml-text.ts";
import type { Findings } from "./authorities.ts";
import { ROLES, type Role } from "./msp.ts";

/** A unit rule as written: the CA is a path relative to the MSP folder; empty: any CA. */
export interface UnitText {
  readonly unit: string;
  readonly certificatePath: string;
}

export interface MspConfig {
  readonly requiredUnits: readonly UnitText[];
  /** Empty unless NodeOUs are enabled. */
  readonly roleUnits: ReadonlyMap<Role, UnitText>;
}

export const EMPTY_MSP_CONFIG: MspConfig = { requiredUnits: [], roleUnits: new Map() };

/** Of a real file some fifty. A daemon reads the file again whenever its MSP changes. */
const MARKS_MAX = 300;

const KEY_OF_ROLE = {
  client: "ClientOUIdentifier",
  peer: "PeerOUIdentifier",
  admin: "AdminOUIdentifier",
  orderer: "OrdererOUIdentifier",
} as const;
const KEYS = ["NodeOUs", "Enable", "OrganizationalUnitIdentifiers", ...Object.values(KEY_OF_ROLE)];

/** The text read last of which there was nothing to say: folders of one network, or read again, have the same. */
let last: { readonly text: string; readonly config: MspConfig } | undefined;

/**
 * Reads the file. Its mistakes are added to `problems`. Unknown keys are ignored, as in Fabric, but a
 * key in other capitals than Fabric's is worth a hint.
 */
export function parseMspConfig(
  name: string,
  text: string,
  findings: Pick<Findings, "problems" | "hints">,
): MspConfig {
  if (last?.text === text) return last.config;
  const found = { problems: [], hints: [] };
  const config = readMspConfig(name, text, found);
  findings.problems.push(...found.problems);
  findings.hints.push(...found.hints);
  if (found.problems.length === 0 && found.hints.length === 0) last = { text, config };
  return config;
}

function readMspConfig(
  name: string,
  text: string,
  { problems, hints }: Pick<Findings, "problems" | "hints">,
): MspConfig {
  const content = readYaml(name, text, { problems, hints });
  const faults: string[] = [];
  const document = readMap(content, "the document", faults);
  const nodeOus = readMap(document.get("NodeOUs"), "NodeOUs", faults);
  for (const key of [...document.keys(), ...nodeOus.keys()].map(String)) {
    const meant = KEYS.find((one) => one !== key && one.toLowerCase() === key.toLowerCase());
    if (meant !== undefined) hints.push(`${name}: ${key} has no effect; did you mean ${meant}?`);
  }
  for (const key of [...nodeOus.keys()].map(String).filter(isStrange).slice(0, STRANGE_MAX)) {
    const known = Object.values(KEY_OF_ROLE).join(", ");
    const what = printable(key.slice(0, 100));
    hints.push(`${name}: ${what} has no effect; NodeOUs knows Enable, ${known}.`);
  }
  const isEnabled = readFlag(nodeOus.get("Enable"), "NodeOUs.Enable", faults);
  const roleUnits = new Map<Role, UnitText>();
  for (const role of ROLES) {
    const key = KEY_OF_ROLE[role];
    const unit = readUnit(nodeOus.get(key), `NodeOUs.${key}`, faults);
    if (isEnabled && unit.unit !== "") roleUnits.set(role, unit);
  }
  const listKey = "OrganizationalUnitIdentifiers";
  const list = readList(document.get(listKey), listKey, faults);
  const requiredUnits = list.map((item, index) => readUnit(item, `${listKey}.${index}`, faults));
  problems.push(...faults.map((fault) => `${name}: ${fault}: correct the value.`));
  return faults.length === 0 ? { requiredUnits, roleUnits } : EMPTY_MSP_CONFIG;
}

/** Keys of NodeOUs that are told of; a file may hold many. */
const STRANGE_MAX = 3;

function isStrange(key: string): boolean {
  return !KEYS.some((known) => known.toLowerCase() === key.toLowerCase());
}

/** An unquoted word with a special meaning in YAML; text fields keep it as text. */
class Word {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
/** Fabric 3 takes these in quotation marks too, Fabric 2 does not. */
const QUOTED = { true: ["y", "Y", "yes", "on"], false: ["n", "N", "no", "off"] } as const;
const NULL = /^(?:~|null|Null|NULL|)$/;
const WORD = new RegExp([TRUE, FALSE, NULL].map(({ source }) => source).join("|"));

const TOLERATED: readonly string[] = ["MULTIPLE_DOCS", "DUPLICATE_KEY"];

/** Like Go, keeps every scalar as written until a field requires another type. */
function readYaml(
  name: string,
  text: string,
  { problems, hints }: Pick<Findings, "problems" | "hints">,
): unknown {
  try {
    const document = parseYaml(text, MARKS_MAX, {
      schema: "failsafe",
      merge: true,
      logLevel: "error",
      customTags: [
        { tag: "word", default: true, test: WORD, resolve: (word: string) => new Word(word) },
        { tag: "tag:yaml.org,2002:bool", resolve: (word: string) => new Word(word) },
      ],
    });
    if (typeof document === "string") {
      problems.push(`${name} ${document}: correct the file.`);
      return undefined;
    }
    // As Fabric, we read the first document of several, and as Fabric 2 what comes last of a key.
    const fault = document.errors.find(({ code }) => !TOLERATED.includes(code));
    if (fault !== undefined) throw fault;
    if (document.errors.some(({ code }) => code === "DUPLICATE_KEY")) {
      hints.push(`${name} gives a key twice, which Fabric 3 refuses: remove one of the two.`);
    }
    const hint = secondDocumentHint(name, text, document.errors);
    if (hint !== undefined) hints.push(hint);
    return document.toJS({ mapAsMap: true });
  } catch (error) {
    const fault = yamlFault(error, text);
    // A Windows path in quotation marks.
    const remedy = /escape sequence/i.test(fault) ? "write paths with /" : "correct the file";
    problems.push(`${name} is not valid YAML (${fault}): ${remedy}.`);
    return undefined;
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (value instanceof Word && NULL.test(value.text));
}

function readMap(value: unknown, where: string, faults: string[]): ReadonlyMap<unknown, unknown> {
  if (value instanceof Map) return value;
  if (!isAbsent(value)) faults.push(`${where} must be a mapping`);
  return new Map();
}

function readList(value: unknown, where: string, faults: string[]): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isAbsent(value)) faults.push(`${where} must be a list`);
  return [];
}

function readFlag(value: unknown, where: string, faults: string[]): boolean {
  if (isAbsent(value)) return false;
  if (value instanceof Word) return TRUE.test(value.text);
  if (QUOTED.true.some((word) => word === value)) return true;
  if (!QUOTED.false.some((word) => word === value)) {
    faults.push(`${where} must be true or false, without quotation marks`);
  }
  return false;
}

function readText(value: unknown, where: string, faults: string[]): string {
  if (isAbsent(value)) return "";
  if (value instanceof Word) return value.text;
  if (typeof value === "string") return value;
  faults.push(`${where} must be text`);
  return "";
}

function readUnit(value: unknown, where: string, faults: string[]): UnitText {
  const map = readMap(value, where, faults);
  const read = (key: string): string => readText(map.get(key), `${where}.${key}`, faults);
  return { unit: read("OrganizationalUnitIdentifier"), certificatePath: read("Certificate") };
}
