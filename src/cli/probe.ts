/** `fabric-gossip probe`: who is at an endpoint, and would we believe each other? */
import { loadConfig } from "../config/config.ts";
import { type Answer, probeEndpoint } from "../probe-endpoint.ts";

export interface ProbeOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Prints the answer; 0 if somebody we trust is there, else 1. */
export async function probe(endpoint: string, options: ProbeOptions): Promise<number> {
  const config = await loadConfig({ file: options.config, overrides: options.set ?? [] });
  const answer = await probeEndpoint(config, endpoint);
  process.stdout.write(`${options.json ? JSON.stringify(answer) : describe(answer)}\n`);
  return answer.failure === null ? 0 : 1;
}

function describe({ endpoint, tls, identity, failure }: Answer): string {
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
  if (failure) lines.push(`no handshake  ${failure.reason} (${failure.code})`);
  return lines.join("\n");
}
