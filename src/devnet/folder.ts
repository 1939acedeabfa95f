/** The folder of a devnet: keys, logs and state of its members. */
import { rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { GossipError } from "../lib/errors.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { fileReason } from "../lib/small-file.ts";
import { generateOrganisation, type OrganisationOptions } from "../msp/generate.ts";
import { type OrganisationFolder, organisationFolder } from "../msp/generate-folder.ts";
import { type MemberPlan, ORDERER_DOMAIN, ORDERER_HOST, type Plan } from "./plan.ts";

/** Marks the folder as ours and records its size. Written first, so an aborted run can resume. */
const MARKER = "devnet.json";
/** Lock file: two processes would write to the same logs and state. */
const LOCK = "devnet.pid";
/** Folder of the organisations, relative to the devnet folder. */
export const ORGANISATIONS = join("crypto-config", "peerOrganizations");

/** The same of organisations of orderers. */
export const ORDERERS = join("crypto-config", "ordererOrganizations");

/** The first block of a channel, relative to the devnet folder. */
export const configBlockFile = (channel: string): string => `${channel}.block`;

export interface Folder {
  /** Absolute path. */
  readonly path: string;
  readonly isTemporary: boolean;
  /** Removes a temporary folder at once; leaves any other for the next run. May be called twice. */
  remove(): void;
}

/**
 * Opens the folder that `dir` names, or a temporary one. Throws `config-invalid` if it cannot be
 * written, holds something else, or a devnet of another size, or is in use.
 */
export async function openFolder(dir: string | undefined, plan: Plan): Promise<Folder> {
  const path = resolve(dir ?? (await makeTemporary()));
  await explain(path, async () => {
    await makeFolder(path);
    if (!(await isOurs(path, plan))) {
      const { orgs, peers } = plan;
      await writeFile(join(path, MARKER), `${JSON.stringify({ orgs, peers })}\n`);
    }
    await assertUnused(path);
    await writeFile(join(path, LOCK), `${process.pid}\n`);
    for (const subfolder of ["logs", "state"]) await makeFolder(join(path, subfolder));
  });
  const isTemporary = dir === undefined;
  const remove = (): void => {
    const what = isTemporary ? path : join(path, LOCK);
    rmSync(what, { recursive: true, force: true, maxRetries: 3 });
  };
  return { path, isTemporary, remove };
}

async function makeTemporary(): Promise<string> {
  const prefix = join(tmpdir(), "fabric-gossip-devnet-");
  return explain(prefix, () => mkdtemp(prefix));
}

/** False for an empty folder; throws if it contains files of another origin. */
async function isOurs(path: string, plan: Plan): Promise<boolean> {
  const entries = await readdir(path);
  if (entries.length === 0) return false;
  if (!entries.includes(MARKER)) {
    throw invalid(`${path} is not empty and holds no devnet; name a new folder with --dir.`);
  }
  const { orgs, peers } = parseMarker(await readFile(join(path, MARKER), "utf8"));
  if (orgs === plan.orgs && peers === plan.peers) return true;
  throw invalid(
    `${path} holds a devnet of ${orgs} organisations x ${peers} peers, not ${plan.orgs} x ` +
      `${plan.peers}; write --orgs ${orgs} --peers ${peers}, or name another folder with --dir.`,
  );
}

async function assertUnused(path: string): Promise<void> {
  const lock = join(path, LOCK);
  const pid = Number(await readFile(lock, "utf8").catch(() => ""));
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid || !isRunning(pid)) return;
  throw invalid(
    `${path} is in use by another devnet, process ${pid}; stop that, or name another folder with ` +
      `--dir. (If it is no devnet, remove ${lock}.)`,
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user also counts as running.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function parseMarker(text: string): { orgs: unknown; peers: unknown } {
  try {
    const marker: unknown = JSON.parse(text);
    if (typeof marker === "object" && marker && "orgs" in marker && "peers" in marker)
      return marker;
  } catch {
    // Treat invalid JSON like JSON with unexpected content.
  }
  return { orgs: "?", peers: "?" };
}

/**
 * Generates keys for every organisation that lacks them and reports each to `progress`. Stops between
 * two organisations when the signal aborts.
 */
export async function generateKeys(
  plan: Plan,
  folder: Folder,
  progress: (domain: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const domains = new Set(plan.members.map(({ domain }) => domain));
  const make = async (options: Pick<OrganisationOptions, "domain" | "kind" | "peers">) => {
    const { domain, kind = "peer" } = options;
    const parent = kind === "peer" ? ORGANISATIONS : ORDERERS;
    if (signal.aborted || (await exists(join(folder.path, parent, domain)))) return;
    progress(domain);
    await explain(folder.path, () =>
      generateOrganisation({
        ...options,
        folder: join(folder.path, "crypto-config"),
        users: 0,
        sans: ["127.0.0.1", "localhost"],
        nowMs: Date.now(),
      }),
    );
  };
  for (const domain of domains) await make({ domain, peers: plan.peers });
  if (plan.channel === undefined) return;
  await make({ domain: ORDERER_DOMAIN, kind: "orderer", peers: [ORDERER_HOST] });
}

/** Key folder of this member's organisation. */
export function organisationOf(folder: Folder, { domain }: MemberPlan): OrganisationFolder {
  return organisationFolder(join(folder.path, ORGANISATIONS, domain), domain);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** File system errors are user errors. */
async function explain<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof GossipError) throw error;
    throw invalid(
      `${path} cannot be used (${fileReason(error)}); name a writable folder with --dir.`,
      error,
    );
  }
}

function invalid(problem: string, cause?: unknown): GossipError {
  return new GossipError("config-invalid", problem, { cause });
}
