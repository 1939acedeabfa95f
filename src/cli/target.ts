/** The node that a verb contacts: address and TLS from flags, environment or configuration. */
import type { TlsFiles } from "../config/config.ts";
import { loadConfig, loadOperations } from "../config/load.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { formatHostPort, isUnspecified } from "../lib/host-port.ts";
import { readInput } from "../lib/read-input.ts";

/** Flag values; commander adds the environment. */
export interface TargetOptions {
  readonly url?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly config?: string;
}

export interface Target {
  readonly url: URL;
  /** PEM; empty without files. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  /** Sources of the address, for error messages. */
  readonly source: "--url" | "operations.listenAddress";
}

export const DEFAULT_URL = "http://127.0.0.1:9443";

/** Throws `config-invalid` with every problem of the flags and files. */
export async function openTarget(flags: TargetOptions): Promise<Target> {
  const problems: string[] = [];
  const options = (await collect(problems, withConfig(flags))) ?? flags;
  const { url: given = DEFAULT_URL } = options;
  const url = URL.parse(/^[a-z]+:\/\/|^$/i.test(given) ? given : `http://${given}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    problems.push(`"${given}" is not the URL of a node: give one like ${DEFAULT_URL} with --url.`);
  }
  if ((options.cert === undefined) !== (options.key === undefined)) {
    problems.push("--cert and --key belong together: give both or neither.");
  }
  const tls: Target["tls"] = {
    ...(await pem("--ca", options.ca, problems)),
    ...(await pem("--cert", options.cert, problems)),
    ...(await pem("--key", options.key, problems)),
  };
  if (tls.cert !== undefined && tls.key !== undefined) {
    const { pairFault } = await import("../transport/grpc-tls.ts");
    const fault = pairFault(tls.cert, tls.key);
    const files = `--cert ${options.cert} and --key ${options.key} cannot be used together`;
    if (fault !== undefined)
      problems.push(`${files} (${fault}): give a certificate and the key that it was issued for.`);
  }
  if (url === null || problems.length > 0) throw new GossipError("config-invalid", problems);
  const source = options.url === flags.url ? "--url" : "operations.listenAddress";
  return { url, tls, source };
}

const FLAG_USES = { "--ca": "pool", "--cert": "chain" } as const;

/** Reads a file for the `node:https` option of the same name as its flag. */
async function pem(
  flag: "--ca" | "--cert" | "--key",
  file: string | undefined,
  problems: string[],
): Promise<Target["tls"]> {
  if (file === undefined) return {};
  const bytes = await readInput(flag, file, problems);
  if (bytes === undefined) return {};
  // Every verb reads this file, and few read certificates.
  const { certificatesOf } = await import("../msp/plain-pem.ts");
  const { plainKey } = await import("../msp/private-key.ts");
  const found = flag === "--key" ? plainKey(bytes) : certificatesOf(bytes, FLAG_USES[flag]);
  if (typeof found !== "string") return { [flag.slice(2)]: found };
  problems.push(`${flag} ${file} cannot be used: ${found}.`);
  return {};
}

/**
 * Reads the operations endpoint from the member's own configuration, or in its environment from
 * there: its address and, with TLS, its key pair, which nodes that trust the CA of its peers accept.
 * Flags take precedence.
 */
async function withConfig(flags: TargetOptions): Promise<TargetOptions> {
  const { config: file, url } = flags;
  const isThere = Boolean(process.env["CORE_OPERATIONS_LISTENADDRESS"]) && url === undefined;
  if (file === undefined && !isThere) return flags;
  const { listenAddress, tls } =
    file === undefined
      ? await loadOperations(process.env)
      : (await loadConfig({ file })).operations;
  if (listenAddress === undefined) {
    const where = file ?? "The environment";
    throw new GossipError(
      "config-invalid",
      `${where} has no operations.listenAddress: give --url.`,
    );
  }
  const isAnywhere = listenAddress.host === "" || isUnspecified(listenAddress.host);
  const host = isAnywhere ? "127.0.0.1" : listenAddress.host;
  const own = `${tls.enabled ? "https" : "http"}://${formatHostPort({ ...listenAddress, host })}`;
  return { url: own, ...(tls.enabled ? filesOf(tls) : {}), ...flags };
}

function filesOf({
  certFile: cert,
  keyFile: key,
  clientRootCaFiles: [ca],
}: TlsFiles): TargetOptions {
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}
