/**
 * Reads an MSP folder as Fabric lays it out (spec A 7.1): files in name order, symbolic links
 * followed, folders beside files passed over, files without a PEM block skipped with a warning. Only
 * reading happens here; `create-msp.ts` judges what was read.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { decodeText } from "../lib/decode-text.ts";
import { GossipError } from "../lib/errors.ts";
import {
  FOLDER_REMEDY,
  faultAt,
  fileFault,
  fileRemedy,
  NO_FILE,
  readSmallFile,
} from "../lib/small-file.ts";
import { type Findings, type Skipped, tellSkipped } from "./authorities.ts";
import type { MspFile, MspMaterial, Role, UnitRuleSource } from "./msp.ts";
import { EMPTY_MSP_CONFIG, type MspConfig, parseMspConfig } from "./msp-config.ts";
import { decodePem } from "./pem.ts";
import { whyNoPem } from "./unusable.ts";

/** A certificate has about 1 KB; a revocation list of 1 MiB names about 30_000 certificates. */
const FILE_BYTES_MAX = 1_048_576;
/** Usually 1 KB. It is read again while the node runs, and must not hold it up. */
const CONFIG_BYTES_MAX = 16_384;

/** Maximum number of files in a folder; real folders have one or two. */
const FILES_MAX = 256;

/** The folders and the file that Fabric reads. */
const NAMES = [
  "cacerts",
  "intermediatecerts",
  "admincerts",
  "crls",
  "tlscacerts",
  "tlsintermediatecerts",
  "signcerts",
  "keystore",
  "config.yaml",
] as const;

/**
 * The material of an MSP folder. Findings collect what is wrong with the files themselves. Throws
 * `msp-invalid` if there is no such folder.
 */
export async function readMspFolder(
  folder: string,
  mspId: string,
  findings: Findings,
): Promise<MspMaterial> {
  const names = await checkFolder(folder, findings.hints);
  // Some file systems know no capitals.
  const known = new Set(names.map((name) => name.toLowerCase()));
  const read = (name: string) =>
    known.has(name) ? readPemFiles(join(folder, name), findings) : [];
  const before = findings.skipped.length;
  const rootCerts = await readPemFiles(join(folder, "cacerts"), findings, "required");
  // Without any root, what was skipped is the reason.
  if (rootCerts.length === 0)
    findings.problems.push(...findings.skipped.splice(before).map(tellSkipped));
  const problemsBefore = findings.problems.length;
  const config = await readConfig(folder, findings);
  const isIncomplete = findings.problems.length > problemsBefore;
  const intermediateCerts = await read("intermediatecerts");
  return {
    folder,
    isIncomplete,
    mspId,
    rootCerts,
    intermediateCerts,
    adminCerts: await read("admincerts"),
    revocationLists: await read("crls"),
    tlsRootCerts: await read("tlscacerts"),
    tlsIntermediateCerts: await read("tlsintermediatecerts"),
    requiredUnits: await readRequiredUnits(folder, config, findings.problems),
    roleUnits: await readRoleUnits(
      folder,
      config,
      [...rootCerts, ...intermediateCerts],
      findings.warnings,
    ),
  };
}

/**
 * What is in the folder. Refuses other folders, and finds misspelt folder names that Fabric would
 * ignore.
 */
async function checkFolder(folder: string, hints: string[]): Promise<readonly string[]> {
  const names = await readdir(folder).catch(async (error: unknown) => {
    const what = "correct the path (peer.mspConfigPath, or path of a trusted MSP)";
    const why = `The MSP folder ${folder} ${folderFault(await faultAt(folder, error), what)}.`;
    throw new GossipError("msp-invalid", why);
  });
  if (!names.includes("cacerts")) {
    const inner = join(folder, "msp");
    const isInner = await stat(join(inner, "cacerts")).then(
      () => true,
      () => false,
    );
    if (isInner) {
      const why = `The folder ${folder} is no MSP folder, but holds one: name ${inner}.`;
      throw new GossipError("msp-invalid", why);
    }
    const outer = dirname(folder);
    const isPart = NAMES.some((name) => name === basename(folder));
    const around: readonly string[] = isPart ? await readdir(outer).catch(() => []) : [];
    if (around.includes("cacerts")) {
      const why = `The folder ${folder} is a part of an MSP folder: name ${outer}.`;
      throw new GossipError("msp-invalid", why);
    }
  }
  for (const name of names) {
    const meant = NAMES.find((one) => !names.includes(one) && isMeant(name.toLowerCase(), one));
    if (meant === undefined) continue;
    hints.push(`${join(folder, name)} is not read: its name has to be ${meant}.`);
  }
  return names;
}

const isMeant = (name: string, meant: string): boolean =>
  name === meant || `${name}s` === meant || name.replace(/\.yml$/, ".yaml") === meant;

/** Why a folder cannot be read, with the remedy. */
function folderFault(code: string, ifMissing: string): string {
  if (code === "ENOENT") return `does not exist: ${ifMissing}`;
  if (code === "ENOTDIR") return `is a file: ${ifMissing}`;
  return `${fileFault(code)}: ${fileRemedy(code) ?? "correct it"}`;
}

/** Every file of a folder that holds a PEM block, in name order. */
export async function readPemFiles(
  folder: string,
  findings: Findings,
  need: "required" | "optional" = "optional",
): Promise<readonly MspFile[]> {
  const files = await readFiles(folder, findings, need);
  return files.filter(({ name, bytes }) => {
    const hasPem = decodePem(bytes) !== undefined;
    // Empty files only keep the folder in version control, so they cause no warning.
    if (!hasPem && bytes.length > 0) {
      findings.skipped.push({ name, ...whyNoPem(bytes) });
    }
    return hasPem;
  });
}

/** Every file of a folder, in name order. */
export async function readFiles(
  folder: string,
  { problems, skipped }: Findings,
  need: "required" | "optional",
): Promise<readonly MspFile[]> {
  const files: MspFile[] = [];
  const folders: Skipped[] = [];
  for (const inner of await namesIn(folder, problems, need)) {
    const name = join(folder, inner);
    const outcome = await readSmallFile(name, FILE_BYTES_MAX);
    // Skips pipes and devices silently, as Fabric does.
    if (outcome === NO_FILE || isLeftover(inner, outcome)) continue;
    if (outcome === "EISDIR") folders.push({ name, why: "it is a folder", remedy: FOLDER_REMEDY });
    else if (typeof outcome === "string") skipped.push({ name, ...listedFault(inner, outcome) });
    else files.push({ name, bytes: outcome });
  }
  // Beside a file a folder is no mistake; alone it stands in the place of one. Kubernetes has hidden ones.
  if (files.length === 0)
    skipped.push(...folders.filter(({ name }) => !basename(name).startsWith(".")));
  return files;
}

/** Files of desktops and editors, such as `.DS_Store` and `ca.pem~`. */
const LEFTOVER = /^\.|~$|^(?:thumbs\.db|desktop\.ini)$/i;

/** Whether a file is one that nobody put there; what may be a certificate, list or key is none, as it counts. */
function isLeftover(name: string, outcome: Buffer | string): boolean {
  // Emacs locks a file by a link that leads nowhere.
  if (typeof outcome === "string") return name.startsWith(".#");
  return outcome.length > 0 && LEFTOVER.test(name) && whyNoPem(outcome).holds === "no-pem";
}

async function namesIn(
  folder: string,
  problems: string[],
  need: "required" | "optional",
): Promise<readonly string[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).sort();
  } catch (error) {
    const fault = await faultAt(folder, error);
    if (fault === "ENOENT" && need === "optional") return [];
    const remedy = folderFault(fault, "make it a folder with its files");
    problems.push(`The folder ${folder} ${remedy}.`);
    return [];
  }
  if (names.length <= FILES_MAX) return names;
  problems.push(
    `The folder ${folder} has ${names.length} files, more than ${FILES_MAX}: remove some.`,
  );
  return [];
}

function listedFault(name: string, outcome: string): Omit<Skipped, "name"> {
  // What is not UTF-8 in a name is lost, so that the file is not found again.
  if (outcome === "ENOENT" && name.includes("\ufffd")) {
    return { why: "its name is not UTF-8", remedy: "rename the file" };
  }
  return { why: `it ${fileFault(outcome)}`, remedy: fileRemedy(outcome) };
}

async function readConfig(folder: string, findings: Findings): Promise<MspConfig> {
  const path = join(folder, "config.yaml");
  const content = await readSmallFile(path, CONFIG_BYTES_MAX);
  if (typeof content !== "string") {
    return parseMspConfig(path, decodeText(content, { strict: false }), findings);
  }
  if (content === "ENOENT") return EMPTY_MSP_CONFIG;
  const remedy = content === "EISDIR" ? FOLDER_REMEDY : "correct or remove it";
  findings.problems.push(`${path} ${fileFault(content)}: ${remedy}.`);
  return EMPTY_MSP_CONFIG;
}

async function readRequiredUnits(
  folder: string,
  config: MspConfig,
  problems: string[],
): Promise<readonly UnitRuleSource[]> {
  const sources: UnitRuleSource[] = [];
  for (const { unit, certificatePath } of config.requiredUnits) {
    if (certificatePath === "") {
      problems.push(
        `The organisational unit "${unit}" under OrganizationalUnitIdentifiers in config.yaml names ` +
          "no CA: add Certificate, the file of a CA.",
      );
      continue;
    }
    const name = join(folder, certificatePath);
    const bytes = await readSmallFile(name, FILE_BYTES_MAX);
    if (typeof bytes !== "string") sources.push({ unit, certificate: { name, bytes } });
    else {
      problems.push(
        `The CA certificate ${name} of the organisational unit "${unit}" in config.yaml ` +
          `${fileFault(bytes)}: ${pathRemedy(certificatePath, "correct Certificate under OrganizationalUnitIdentifiers")}.`,
      );
    }
  }
  return sources;
}

/** What helps if a path in config.yaml leads nowhere. */
function pathRemedy(path: string, otherwise: string): string {
  if (path.includes("\\")) return "write the path with / and relative to the MSP folder";
  return path.startsWith("/") ? "write the path relative to the MSP folder" : otherwise;
}

/** In Fabric, a missing or empty file silently removes the restriction to that CA, so we warn. */
async function readRoleUnits(
  folder: string,
  config: MspConfig,
  known: readonly MspFile[],
  warnings: string[],
): Promise<ReadonlyMap<Role, UnitRuleSource>> {
  const sources = new Map<Role, UnitRuleSource>();
  const unread = new Map<string, Role[]>();
  for (const [role, { unit, certificatePath: path }] of config.roleUnits) {
    const name = join(folder, path);
    const bytes = path === "" ? undefined : await readOnce(name, known);
    const isThere = typeof bytes === "object" && bytes.length > 0;
    sources.set(role, { unit, certificate: isThere ? { name, bytes } : undefined });
    if (isThere || bytes === undefined) continue;
    const why = `${name} ${typeof bytes === "string" ? fileFault(bytes) : "is empty"}: ${pathRemedy(path, "correct the path in config.yaml")}`;
    unread.set(why, [...(unread.get(why) ?? []), role]);
  }
  for (const [why, roles] of unread) {
    const what = roles.length === 1 ? "role" : "roles";
    warnings.push(`NodeOUs accepts the ${roles.join(", ")} ${what} from any CA, since ${why}.`);
  }
  return sources;
}

/** A file that may have been read before: all roles mostly name a CA of the MSP. */
async function readOnce(name: string, known: readonly MspFile[]): Promise<Uint8Array | string> {
  const same = known.find((file) => file.name === name);
  return same?.bytes ?? (await readSmallFile(name, FILE_BYTES_MAX));
}
