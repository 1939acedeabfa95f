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
  /** Its path, of a proxy in front of the node, comes before that of every request. */
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
  // Shells and env files may leave quotation marks there.
  const given = (options.url ?? DEFAULT_URL).trim().replace(/^(["'])(.*)\1$/, "$2");
  const url = readUrl(given, problems);
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
  if (problems.length === 0 && url?.protocol === "http:") problems.push(...unused(flags, url));
  if (url === undefined || problems.length > 0) throw new GossipError("config-invalid", problems);
  const source = options.url === flags.url ? "--url" : "operations.listenAddress";
  return { url, tls, source };
}

/** What was given for TLS, and would be ignored without it. Variables may be set for other nodes. */
function unused(flags: TargetOptions, url: URL): readonly string[] {
  const given = (["ca", "cert", "key"] as const).filter((name) => {
    const file = flags[name];
    return file !== undefined && file !== process.env[`FABRIC_GOSSIP_${name.toUpperCase()}`];
  });
  if (given.length === 0) return [];
  const names = given
    .map((name) => `--${name}`)
    .join(", ")
    .replace(/, (?=[^,]*$)/, " and ");
  const [have, them] = given.length > 1 ? ["have", "them"] : ["has", "it"];
  const host = url.host.slice(0, URL_SHOWN_MAX);
  return [
    `${names} ${have} no effect on http://${host}, which does not use TLS: ` +
      `use https://${host} with --url, or omit ${them}.`,
  ];
}

function readUrl(given: string, problems: string[]): URL | undefined {
  const url = URL.parse(/^[a-z]+:\/\/|^$/i.test(given) ? given : `http://${given}`);
  const secret = url === null ? /^([a-z]+:\/\/)?.*@/is : /^([a-z]+:\/\/)?[^/?#]*@/i;
  const shown = given.replace(secret, "$1***@").slice(0, URL_SHOWN_MAX);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    problems.push(`"${shown}" is not the URL of a node: give one like ${DEFAULT_URL} with --url.`);
    return undefined;
  }
  if (url.search !== "" || url.hash !== "") {
    const [bare = ""] = shown.split(/[?#]/);
    problems.push(`--url ${shown} goes on after the address of a node: write ${bare} alone.`);
  }
  if (!isDecodable(`${url.username}:${url.password}`)) {
    problems.push(`--url ${shown} has a user or password with a lone %: write %25 for it.`);
  }
  return url;
}

/** What a user wrote may be of any length. */
const URL_SHOWN_MAX = 200;

/** Node.js throws for others. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The address of a path of a node; as it may be told, without its password. */
export function addressOf({ url }: Target, path: string): { readonly url: URL; told: string } {
  const told = new URL(`${url.origin}${url.pathname.replace(/\/+$/, "")}${path}`);
  const whole = new URL(told);
  whole.username = url.username;
  whole.password = url.password;
  return { url: whole, told: String(told).slice(0, URL_SHOWN_MAX) };
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
