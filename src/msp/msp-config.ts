/** `config.yaml` of an MSP folder: the rules about organisational units (spec A 7.1). */
import * as v from "valibot";
import { isScalar, parseDocument, Scalar } from "yaml";
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

const TEXT = v.pipe(
  v.nullish(v.union([v.string(), v.number(), v.boolean()]), ""),
  v.transform(String),
);
const UNIT = v.object({ Certificate: TEXT, OrganizationalUnitIdentifier: TEXT });
const CONFIG = v.nullish(
  v.object({
    OrganizationalUnitIdentifiers: v.nullish(v.array(UNIT), []),
    NodeOUs: v.nullish(
      v.object({
        Enable: v.nullish(v.boolean(), false),
        ClientOUIdentifier: v.nullish(UNIT),
        PeerOUIdentifier: v.nullish(UNIT),
        AdminOUIdentifier: v.nullish(UNIT),
        OrdererOUIdentifier: v.nullish(UNIT),
      }),
    ),
  }),
);

/**
 * Brackets open at the same time; a real file has two. The time that the YAML parser takes grows
 * with the square of their number.
 */
const BRACKETS_MAX = 32;

const KEY_OF_ROLE = {
  client: "ClientOUIdentifier",
  peer: "PeerOUIdentifier",
  admin: "AdminOUIdentifier",
  orderer: "OrdererOUIdentifier",
} as const;

/** Reads the file. Its mistakes are added to `problems`; unknown keys are ignored, as in Fabric. */
export function parseMspConfig(name: string, text: string, problems: string[]): MspConfig {
  if (opensTooMuch(text)) {
    problems.push(`${name} opens more than ${BRACKETS_MAX} brackets: correct the file.`);
    return EMPTY_MSP_CONFIG;
  }
  const yaml = parseYaml(name, text, problems);
  if (yaml === undefined) return EMPTY_MSP_CONFIG;
  const result = v.safeParse(CONFIG, yaml.content);
  if (!result.success) {
    for (const issue of result.issues) {
      const key = v.getDotPath(issue) ?? "the document";
      problems.push(`${name}: ${key} must be ${issue.expected ?? "valid"}: correct the value.`);
    }
    return EMPTY_MSP_CONFIG;
  }
  const roleUnits = new Map<Role, UnitText>();
  const nodeOus = result.output?.NodeOUs;
  for (const role of nodeOus?.Enable === true ? ROLES : []) {
    const unit = nodeOus?.[KEY_OF_ROLE[role]];
    if (unit && unit.OrganizationalUnitIdentifier !== "") roleUnits.set(role, unitText(unit));
  }
  const required = result.output?.OrganizationalUnitIdentifiers ?? [];
  return { requiredUnits: required.map(unitText), roleUnits };
}

function opensTooMuch(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === "{" || character === "[") open++;
    else if (character === "}" || character === "]") open = Math.max(0, open - 1);
    if (open > BRACKETS_MAX) return true;
  }
  return false;
}

function parseYaml(
  name: string,
  text: string,
  problems: string[],
): { readonly content: unknown } | undefined {
  try {
    const document = parseDocument(text, { merge: true, logLevel: "error" });
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    const enable = document.getIn(["NodeOUs", "Enable"], true);
    if (isScalar(enable) && enable.type === Scalar.PLAIN) {
      enable.value = GO_BOOLEANS.get(String(enable.source)) ?? enable.value;
    }
    return { content: document.toJS() };
  } catch (error) {
    const where = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    problems.push(`${name} is not valid YAML (${where}): correct the file.`);
    return undefined;
  }
}

/** Words that Go's YAML libraries read into a boolean field, unless they are quoted. */
const GO_BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  [
    { value: true, words: ["y", "yes", "on", "true"] },
    { value: false, words: ["n", "no", "off", "false"] },
  ].flatMap(({ value, words }) =>
    words.flatMap((word) =>
      [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)].map(
        (spelling) => [spelling, value] as const,
      ),
    ),
  ),
);

function unitText(unit: v.InferOutput<typeof UNIT>): UnitText {
  return { unit: unit.OrganizationalUnitIdentifier, certificatePath: unit.Certificate };
}
