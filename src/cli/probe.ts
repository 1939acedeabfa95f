/** `fabric-gossip probe`: identifies an endpoint and checks mutual trust. */
import { addressOf, type EndpointAnswer, probeEndpoint } from "../doctor/probe-endpoint.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { loadSoundConfig } from "../node/file-problems.ts";
import { remedyFor, tellFault } from "../observe/diagnosis/causes.ts";

export interface ProbeCommandOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** The endpoint does not answer, as opposed to an untrusted peer or one that rejects us. */
const NOBODY: readonly string[] = ["unreachable", "name-unresolved", "timeout"];

/** Prints the answer; returns 0 for a trusted peer, 1 for any other, 3 if none answers. */
export async function probe(endpoint: string, options: ProbeCommandOptions): Promise<number> {
  const problems: string[] = [];
  await collect(problems, () => addressOf(endpoint));
  const sources = { file: options.config, overrides: options.set ?? [] };
  const config = await collect(problems, loadSoundConfig(sources));
  if (config === undefined || problems.length > 0) {
    throw new GossipError("config-invalid", problems);
  }
  const answer = await probeEndpoint(config, endpoint);
  process.stdout.write(`${options.json ? printableJson(view(answer)) : describe(answer)}\n`);
  if (answer.failure === null) return 0;
  return NOBODY.includes(answer.failure.code) ? 3 : 1;
}

/** Same wording as in `doctor` and `why`. */
function view({ failure, ...answer }: EndpointAnswer): object {
  if (failure === null) return { ...answer, failure };
  const [reason, remedy] = [tellFault(failure), remedyFor(failure.code) ?? null];
  return { ...answer, failure: { code: failure.code, reason, remedy } };
}

function describe({ endpoint, tls, identity, failure }: EndpointAnswer): string {
  const lines = [`endpoint      ${endpoint}`];
  if (tls) {
    lines.push(
      `TLS           ${tls.subject}, issued by ${tls.issuer}`,
      `TLS names     ${tls.alternativeNames.join(", ") || "none"}`,
      `TLS expires   ${new Date(tls.notAfterMs).toISOString()}`,
    );
  }
  if (identity) {
    lines.push(
      `identity      ${identity.subject}`,
      `organisation  ${identity.mspId}`,
      `PKI-ID        ${identity.pkiId}`,
      `expires       ${identity.notAfter}`,
    );
  }
  if (failure) {
    const title = identity ? "refuses us " : "no handshake";
    lines.push(`${title.padEnd(12)}  ${tellFault(failure)} (${failure.code})`);
    const remedy = remedyFor(failure.code);
    if (remedy !== undefined) lines.push(`what to do    ${remedy}`);
  }
  return lines.map(printable).join("\n");
}
