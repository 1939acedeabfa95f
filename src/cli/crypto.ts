/** `fabric-gossip crypto`: key material for networks without a CA of their own. */
import { join } from "node:path";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { writingTo } from "../lib/write-output.ts";
import { generateOrganisation, organisationProblems } from "../msp/generate.ts";
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
  const { output: folder, san: sans = [] } = options;
  await collect(
    problems,
    writingTo("--output", folder, async () => {}),
  );
  const peers = (await collect(problems, () => count("--peers", options.peers))) ?? 0;
  const users = (await collect(problems, () => count("--users", options.users))) ?? 0;
  const wanted = domains.map((domain) => {
    return { folder, domain, peers, users, sans, nowMs: Date.now() };
  });
  for (const one of wanted) problems.push(...(await organisationProblems(one)));
  for (const domain of new Set(domains)) {
    const times = domains.filter((one) => one === domain).length;
    if (times > 1) problems.push(`--org ${domain} is given ${times} times; give it once.`);
  }
  if (problems.length > 0) throw new GossipError("config-invalid", [...new Set(problems)]);
  for (const one of wanted) {
    const organisation = await writingTo("--output", folder, () => generateOrganisation(one));
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
  const problems: string[] = [];
  const valid =
    days === undefined ? undefined : await collect(problems, () => count("--days", days, 1, 3_650));
  const { mspFolder } = await renewPeerCertificate({
    organisationFolder: org,
    peer,
    tls: tls === true,
    nowMs: Date.now(),
    ...(valid === undefined ? {} : { validityMs: valid * DAY_MS }),
    problems,
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
