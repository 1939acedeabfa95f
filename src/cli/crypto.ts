/** `fabric-gossip crypto`: key material for networks without a CA of their own. */
import { GossipError } from "../errors.ts";
import { generateOrganisation } from "../msp/generate.ts";

export interface GenerateOptions {
  readonly output: string;
  readonly org?: readonly string[];
  readonly peers: string;
  readonly users: string;
  readonly san?: readonly string[];
}

export async function generateCrypto(options: GenerateOptions): Promise<void> {
  const domains = options.org ?? ["org1.example.com"];
  const [peers, users] = [count("--peers", options.peers), count("--users", options.users)];
  for (const domain of domains) {
    const organisation = await generateOrganisation({
      folder: options.output,
      domain,
      peers,
      users,
      sans: options.san ?? [],
      nowMs: Date.now(),
    });
    process.stdout.write(`${organisation.folder}\n`);
  }
}

/** A flag that is a number of things, 0 to 1000. */
export function count(flag: string, text: string, min = 0, max = 1_000): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new GossipError("config-invalid", `${flag} ${text} is no number from ${min} to ${max}.`);
}
