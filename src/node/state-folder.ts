/**
 * What survives a restart (`stateDir`): the incarnation of the last life, a safeguard against a clock
 * that went back, and where members were. Nothing about it keeps a member from starting.
 */
import { mkdtemp, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Identity } from "../core/types/host.ts";
import { parseEndpoint } from "../lib/host-port.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { printable } from "../lib/printable.ts";
import { codeOf, faultAt, fileReason, readSmallFile } from "../lib/small-file.ts";

const FILE = "incarnation";
const FILE_BYTES_MAX = 64;
/** One endpoint a line. */
const MEMBERS_FILE = "members";
const MEMBERS_BYTES_MAX = 16_384;
/** One that answers is enough. */
export const MEMBERS_KEPT_MAX = 20;
/** Each start counts one up: beyond this the incarnations of Fabric's uint64 would come to an end. */
const INCARNATION_MAX = 2n ** 63n;

/** The last incarnation, 0 if there is none; and why what is there cannot be used, if so. */
interface Kept {
  readonly incarnation: bigint;
  readonly problem: string | undefined;
}

export async function readIncarnation(folder: string): Promise<Kept> {
  const file = join(folder, FILE);
  const unusable = (why: string, remedy: string): Kept => {
    const problem = `${file} ${why}, so that the last incarnation is not known; ${remedy}.`;
    return { incarnation: 0n, problem };
  };
  try {
    const found = await stat(file);
    if (!found.isFile()) return unusable("cannot be read (it is no file)", "remove it");
    const { size } = found;
    if (size > FILE_BYTES_MAX) return unusable(`has ${size} bytes`, "remove it");
    const text = await readFile(file, "utf8");
    const incarnation = /^\d{1,20}\n?$/.test(text) ? BigInt(text) : undefined;
    if (incarnation !== undefined && incarnation <= INCARNATION_MAX) {
      return { incarnation, problem: undefined };
    }
    return unusable("holds no incarnation", "it is written anew; remove it if this comes again");
  } catch (error) {
    // A folder that is a file is told when it is written.
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error)))
      return { incarnation: 0n, problem: undefined };
    return unusable(
      `cannot be read (${fileReason(error)})`,
      "correct its rights or choose another",
    );
  }
}

/**
 * Writes the incarnation so that a crash, of the machine too, leaves either the old file or the new
 * one. Returns why it could not, if so.
 */
export async function writeIncarnation(
  folder: string,
  incarnation: bigint,
): Promise<string | undefined> {
  if (incarnation > INCARNATION_MAX) return undefined; // It would not be read.
  try {
    await replaceFile(folder, FILE, `${incarnation}\n`);
    return undefined;
  } catch (error) {
    return unwritable(folder, error);
  }
}

/** Where members were in the last life; what is no endpoint is left out. */
export async function readFormerMembers(folder: string): Promise<readonly string[]> {
  const content = await readSmallFile(join(folder, MEMBERS_FILE), MEMBERS_BYTES_MAX);
  if (typeof content === "string") return [];
  const lines = new Set(new TextDecoder().decode(content).split("\n"));
  const endpoints = [...lines].filter((line) => parseEndpoint(line) !== undefined);
  return endpoints.slice(0, MEMBERS_KEPT_MAX);
}

/** Returns why they could not be written, if so. */
export async function writeFormerMembers(
  folder: string,
  endpoints: readonly string[],
): Promise<string | undefined> {
  try {
    await replaceFile(folder, MEMBERS_FILE, `${endpoints.join("\n")}\n`);
    return undefined;
  } catch (error) {
    return unwritable(folder, error);
  }
}

/** Whose state it is: a folder that two members share gives each what the other one keeps. */
const OWNER_FILE = "owner";
const OWNER_BYTES_MAX = 4_096;

type Owner = Pick<Identity, "mspId" | "subject">;

/** A doubt if another member used the folder last. */
export async function ownerDoubt(folder: string, owner: Owner): Promise<string | undefined> {
  const content = await readSmallFile(join(folder, OWNER_FILE), OWNER_BYTES_MAX);
  const last = typeof content === "string" ? "" : content.toString("utf8").trim();
  if (last === "" || last === lineOf(owner)) return undefined;
  return `fabricGossip.stateDir ${folder} was last used by another member, ${last}: give each member a folder of its own. If it is this one under a former name, do nothing.`;
}

/** Should it fail, so does what is written there for the user. */
export async function writeOwner(folder: string, owner: Owner): Promise<void> {
  const before = await readSmallFile(join(folder, OWNER_FILE), OWNER_BYTES_MAX);
  if (String(before).trim() === lineOf(owner)) return;
  await replaceFile(folder, OWNER_FILE, `${lineOf(owner)}\n`).catch(() => {});
}

function lineOf({ mspId, subject }: Owner): string {
  return printable(`${mspId} ${subject}`);
}

async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const file = join(folder, name);
  await makeFolder(folder);
  await writeDurably(`${file}.new`, text);
  await rename(`${file}.new`, file);
  await syncFolder(folder);
}

/** Whether something can be written there, without leaving anything; else what a start would say. */
export async function tryStateFolder(folder: string): Promise<string | undefined> {
  const why = await whyUnwritable(folder);
  return why && sentenceOf(folder, why);
}

/** Why nothing can be written in a folder, or where it would be, in words without a full stop. */
export async function whyUnwritable(folder: string): Promise<string | undefined> {
  try {
    // Permissions alone do not suffice: the disk may be full, or the file system read-only.
    const trial = await mkdtemp(join(await nearestFolder(folder), ".doctor-"));
    try {
      await writeDurably(join(trial, FILE), `${INCARNATION_MAX}\n`);
    } finally {
      await rm(trial, { recursive: true });
    }
    return undefined;
  } catch (error) {
    return fileReason(error);
  }
}

/** The folder itself, or its closest existing parent. */
async function nearestFolder(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const fault = await faultAt(path, error);
    if (fault !== "ENOENT" || dirname(path) === path) throw new Error(fileReason(fault));
    return nearestFolder(dirname(path));
  }
}

async function unwritable(folder: string, error: unknown): Promise<string> {
  return sentenceOf(folder, fileReason(await faultAt(folder, error)));
}

function sentenceOf(folder: string, why: string): string {
  return (
    `fabricGossip.stateDir ${folder} cannot be written (${why}), so that the ` +
    "incarnation and the known members are not kept across restarts; make it writable or choose another."
  );
}

/** Maximum clock difference under a time service. */
const CLOCK_TOLERANCE_MS = 60_000;

/** A doubt if the last life began in the future. */
export function lifeAhead(incarnation: bigint, wallMs: number): string | undefined {
  const beganMs = Number(incarnation / 1_000_000n);
  if (beganMs <= wallMs + CLOCK_TOLERANCE_MS) return undefined;
  const when = Number.isNaN(new Date(beganMs).getTime())
    ? ""
    : `, at ${new Date(beganMs).toISOString()}`;
  return `According to fabricGossip.stateDir, this member last started in the future${when}: its clock was fast then or is slow now. Check the clock of this machine; if it is right, do nothing, as we continue from there.`;
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "w");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A new name is on the disk when its folder is. Not every system lets a folder be synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
