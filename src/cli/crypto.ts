/** `fabric-gossip crypto`: key material for networks without a CA of their own. */
import { join } from "node:path";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { writingTo } from "../lib/write-output.ts";
import { generateOrganisation } from "../msp/generate.ts";
import { renewPeerCertificate, revokeCertificate } from "../msp/generate-renew.ts";

export interface GenerateOptions {
  readonly output: string;
  readonly org?: readonly string[];
  readonly peers: string;
  readonly users: string;
  readonly san?: readonly string[];
}

export async function generateCrypto(options: GenerateOptions): Promise<void> {
  const domains = options.org ?? ["org1.example.com"];
  const problems: string[] = [];
  const peers = await collect(problems, () => count("--peers", options.peers));
  const users = await collect(problems, () => count("--users", options.users));
  if (peers === undefined || users === undefined) throw new GossipError("config-invalid", problems);
  for (const domain of domains) {
    const organisation = await writingTo("--output", options.output, () =>
      generateOrganisation({
        folder: options.output,
        domain,
        peers,
        users,
        sans: options.san ?? [],
        nowMs: Date.now(),
      }),
    );
    process.stdout.write(`${organisation.folder}\n`);
  }
}

export interface RenewCommandOptions {
  /** Folder of the organisation, `.../peerOrganizations/org1.example.com`. */
  readonly org: string;
  readonly tls?: boolean;
  readonly days?: string;
}

const DAY_MS = 86_400_000;

/** Issues a new key and certificate for one peer. A running member loads them within seconds. */
export async function renewCrypto(
  peer: string,
  { org, tls, days }: RenewCommandOptions,
): Promise<void> {
  const validityMs = days === undefined ? undefined : count("--days", days, 1, 3_650) * DAY_MS;
  const { mspFolder } = await renewPeerCertificate({
    organisationFolder: org,
    peer,
    tls: tls === true,
    nowMs: Date.now(),
    ...(validityMs === undefined ? {} : { validityMs }),
  });
  process.stdout.write(`${join(mspFolder, "signcerts")}\n`);
}

/** Adds a certificate to its organisation's revocation list. */
export async function revokeCrypto(certificate: string, { org }: { org: string }): Promise<void> {
  const files = await revokeCertificate({
    organisationFolder: org,
    certFile: certificate,
    nowMs: Date.now(),
  });
  process.stdout.write(`${files.join("\n")}\n`);
  process.stderr.write(
    "Running members reload revocation lists on SIGHUP. Other organisations also need the new list.\n",
  );
}

/** Parses a flag that counts things, 0 to 1000. */
function count(flag: string, text: string, min = 0, max = 1_000): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new GossipError("config-invalid", `${flag} ${text} is no number from ${min} to ${max}.`);
}
