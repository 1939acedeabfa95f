/**
 * Reads an MSP folder as Fabric lays it out (spec A 7.1): files in name order, symbolic links
 * followed, folders within passed over, files without a PEM block skipped with a warning. Only
 * reading happens here; `create-msp.ts` judges what was read.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Findings, tellSkipped } from "./authorities.ts";
import type { MspFile, MspMaterial, Role, UnitRuleSource } from "./msp.ts";
import { EMPTY_MSP_CONFIG, type MspConfig, parseMspConfig, type UnitText } from "./msp-config.ts";
import { decodePem } from "./pem.ts";
import { whyNoPem } from "./unusable.ts";

/** A certificate has about 1 KB; a revocation list of 1 MiB names about 30_000 certificates. */
const FILE_BYTES_MAX = 1_048_576;
/** Usually 1 KB. It is read again while the node runs, and must not hold it up. */
const CONFIG_BYTES_MAX = 16_384;

/** Files in one of the folders. Real ones have one or two. */
const FILES_MAX = 256;

/** The material of an MSP folder. Findings collect what is wrong with the files themselves. */
export async function readMspFolder(
  folder: string,
  mspId: string,
  findings: Findings,
): Promise<MspMaterial> {
  const read = (name: string) => readPemFiles(join(folder, name), findings);
  const before = findings.skipped.length;
  const rootCerts = await readPemFiles(join(folder, "cacerts"), findings, "required");
  // Without any root, what was skipped is the reason.
  if (rootCerts.length === 0)
    findings.problems.push(...findings.skipped.splice(before).map(tellSkipped));
  const config = await readConfig(folder, findings.problems);
  return {
    mspId,
    rootCerts,
    intermediateCerts: await read("intermediatecerts"),
    adminCerts: await read("admincerts"),
    revocationLists: await read("crls"),
    tlsRootCerts: await read("tlscacerts"),
    tlsIntermediateCerts: await read("tlsintermediatecerts"),
    requiredUnits: await readRequiredUnits(folder, config, findings.problems),
    roleUnits: await readRoleUnits(folder, config, findings.warnings),
  };
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
    // Empty files only keep the folder in version control; nobody wants to hear of them.
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
  let names: string[];
  try {
    names = (await readdir(folder)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT" && need === "optional") return [];
    problems.push(`The folder ${folder} cannot be read (${codeOf(error)}): create it or fix it.`);
    return [];
  }
  if (names.length > FILES_MAX) {
    problems.push(
      `The folder ${folder} has ${names.length} files, more than ${FILES_MAX}: remove some.`,
    );
    return [];
  }
  const files: MspFile[] = [];
  for (const name of names) {
    const outcome = await readBounded(join(folder, name));
    if (outcome === NO_FILE) continue;
    if (typeof outcome === "string") {
      const why = `it cannot be read (${outcome})`;
      skipped.push({ name: join(folder, name), why, remedy: remedyOf(outcome) });
    } else files.push({ name: join(folder, name), bytes: outcome });
  }
  return files;
}

function remedyOf(outcome: string): string | undefined {
  const isClosed = outcome === "EACCES" || outcome === "EPERM";
  return isClosed
    ? "let the user that runs this read it, for example with chown or chmod 640"
    : undefined;
}

/** Skips folders, pipes and devices silently, as Fabric does. */
const NO_FILE = "no file";

/** The content of a regular file, or in a few words why there is none. */
async function readBounded(path: string, bytesMax = FILE_BYTES_MAX): Promise<Uint8Array | string> {
  try {
    // Asked first, because opening a pipe would wait for its writer.
    const status = await stat(path);
    if (!status.isFile()) return NO_FILE;
    if (status.size > bytesMax) return `larger than ${bytesMax} bytes`;
    return await readFile(path);
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

async function readConfig(folder: string, problems: string[]): Promise<MspConfig> {
  const path = join(folder, "config.yaml");
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return EMPTY_MSP_CONFIG;
  const content = await readBounded(path, CONFIG_BYTES_MAX);
  if (typeof content !== "string") {
    return parseMspConfig(path, new TextDecoder().decode(content), problems);
  }
  problems.push(`${path} cannot be read (${content}): correct or remove it.`);
  return EMPTY_MSP_CONFIG;
}

async function readRequiredUnits(
  folder: string,
  config: MspConfig,
  problems: string[],
): Promise<readonly UnitRuleSource[]> {
  const sources: UnitRuleSource[] = [];
  for (const { unit, certificatePath } of config.requiredUnits) {
    const name = join(folder, certificatePath);
    const bytes = await readBounded(name);
    if (typeof bytes !== "string") sources.push({ unit, certificate: { name, bytes } });
    else {
      problems.push(
        `The CA certificate ${name} of the organisational unit "${unit}" in config.yaml cannot ` +
          `be read (${bytes}): correct Certificate under OrganizationalUnitIdentifiers.`,
      );
    }
  }
  return sources;
}

/** Fabric's trap: a missing file drops the restriction to that CA and is worth a warning only. */
async function readRoleUnits(
  folder: string,
  config: MspConfig,
  warnings: string[],
): Promise<ReadonlyMap<Role, UnitRuleSource>> {
  const sources = new Map<Role, UnitRuleSource>();
  for (const [role, text] of config.roleUnits) {
    sources.set(role, await readRoleUnit(folder, role, text, warnings));
  }
  return sources;
}

async function readRoleUnit(
  folder: string,
  role: Role,
  { unit, certificatePath }: UnitText,
  warnings: string[],
): Promise<UnitRuleSource> {
  if (certificatePath === "") return { unit, certificate: undefined };
  const name = join(folder, certificatePath);
  const bytes = await readBounded(name);
  if (typeof bytes !== "string") return { unit, certificate: { name, bytes } };
  warnings.push(
    `NodeOUs accepts the ${role} role from any CA, since ${name} cannot be read (${bytes}): correct the path in config.yaml.`,
  );
  return { unit, certificate: undefined };
}
