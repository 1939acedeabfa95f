/**
 * The part of a peer's configuration that a client needs: the variables of Fabric's `peer` command.
 */
import { type ConfigFindings, readKey } from "./build.ts";
import type { Key } from "./key.ts";
import { PEER_KEYS, TLS_KEYS } from "./keys-peer.ts";
import type { LoadOptions } from "./load.ts";
import { openSource } from "./source.ts";

/** The client's credentials and target. Paths are absolute and not checked yet. */
export interface ClientConfig {
  readonly mspId: string;
  readonly mspFolder: string;
  readonly keystoreFolder: string | undefined;
  readonly keyProvider: string;
  /** `peer.address`: the peer to query; empty if not set. */
  readonly address: string;
  readonly tls: {
    readonly enabled: boolean;
    readonly rootCertFile: string | undefined;
    readonly clientCertFile: string | undefined;
    readonly clientKeyFile: string | undefined;
    /** The server's pair, which a peer presents as a client if it has no other. */
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
  };
}

/** Reads file, environment and overrides; later sources win. Adds problems to the list. */
export async function loadClientConfig(
  options: LoadOptions,
  problems: string[],
): Promise<ClientConfig> {
  const source = await openSource({ env: process.env, ...options }, problems);
  const findings: ConfigFindings = { problems, warnings: [], trimmed: [] };
  const read = <T>(key: Key<T>): T => readKey(source, key, findings);
  const mspFolder = read(PEER_KEYS.mspFolder);
  const mspId = read(PEER_KEYS.mspId);
  const nothing = mspId === "" && mspFolder === undefined && problems.length === 0;
  if (nothing) problems.push(NO_CREDENTIALS);
  // What a file that cannot be read would have set is not known.
  else if (!source.isBroken) {
    if (mspId === "") problems.push("peer.localMspId is not set: for example Org1MSP.");
    if (mspFolder === undefined) problems.push("peer.mspConfigPath is not set: the MSP of a user.");
  }
  return {
    mspId,
    mspFolder: mspFolder ?? "",
    keystoreFolder: read(PEER_KEYS.keystoreFolder),
    keyProvider: read(PEER_KEYS.keyProvider),
    address: read(PEER_KEYS.address),
    tls: {
      enabled: read(TLS_KEYS.enabled),
      rootCertFile: read(TLS_KEYS.rootCertFile),
      clientCertFile: read(TLS_KEYS.clientCertFile),
      clientKeyFile: read(TLS_KEYS.clientKeyFile),
      certFile: read(TLS_KEYS.certFile),
      keyFile: read(TLS_KEYS.keyFile),
    },
  };
}

const NO_CREDENTIALS =
  "Nothing says who asks: give --cert, --key and --msp-id with --peer or --profile, or name a " +
  "core.yaml with --config, or set the CORE_ variables of Fabric's peer command.";
