/**
 * A configuration as a program writes it: `GossipNode.start({ mspId, mspPath, listen, ... })`. Each
 * option stands for one key of core.yaml, whose range and default hold here too.
 */
import { isRecord, notOptions, shown, unknownNames } from "../lib/arguments.ts";
import { ALL_KEYS } from "./keys.ts";
import { GOSSIP_KEYS } from "./keys-gossip.ts";
import { OWN_KEYS } from "./keys-own.ts";
import { OPERATIONS_KEYS, PEER_KEYS, TLS_KEYS } from "./keys-peer.ts";
import { configOf, type ReadWhole } from "./load.ts";
import { sourceOf } from "./source.ts";

/** TLS of the gossip connections: paths of PEM files. */
export interface TlsOptions {
  /** Our certificate, the leaf first (`peer.tls.cert.file`). */
  readonly certPath: string;
  /** Its private key (`peer.tls.key.file`). */
  readonly keyPath: string;
  /** CAs of the members that we dial (`peer.tls.rootcert.file`); default: those of `trustedMsps`. */
  readonly rootCertPath?: string;
  /** The certificate we show when we dial (`peer.tls.clientCert.file`); default `certPath`. */
  readonly clientCertPath?: string;
  /** Its private key (`peer.tls.clientKey.file`); default `keyPath`. */
  readonly clientKeyPath?: string;
  /** Whether members that dial us need a chain that we trust; default false (`peer.tls.clientAuthRequired`). */
  readonly clientAuthRequired?: boolean;
  /** CAs of those members (`peer.tls.clientRootCAs.files`); default: those of `trustedMsps`. */
  readonly clientRootCaPaths?: readonly string[];
}

/**
 * Timers for a kind of network. `lan`: those of Fabric, the default. `wan`: a member may be silent for
 * a minute, and connections may take ten seconds. `test`: all timers of the protocol a tenth as long.
 */
export type Preset = "lan" | "wan" | "test";

/** Options of a node. Paths may be relative to the working directory. */
export interface NodeOptions {
  /** MSP ID of our organisation, for example `Org1MSP` (`peer.localMspId`). */
  readonly mspId: string;
  /** Folder of our MSP: certificate, key, CAs (`peer.mspConfigPath`). */
  readonly mspPath: string;
  /** Where to listen, `host:port`; port 0: a free one (`peer.listenAddress`). */
  readonly listen: string;
  /** Where our organisation reaches us, `host:port`; default `listen` (`peer.gossip.endpoint`). */
  readonly endpoint?: string;
  /** Where other organisations reach us, `host:port`; default: not at all (`peer.gossip.externalEndpoint`). */
  readonly externalEndpoint?: string;
  /** Members of our organisation to contact first, `host:port` each; default none (`peer.gossip.bootstrap`). */
  readonly bootstrap?: readonly string[];
  /**
   * Names of DNS that lead to members of our organisation, `host:port` or a service each, resolved again
   * for as long as the node lives; default none (`fabricGossip.bootstrapNames`).
   */
  readonly bootstrapNames?: readonly string[];
  /** Members of any trusted organisation to contact; default none (`fabricGossip.anchorPeers`). */
  readonly anchorPeers?: readonly string[];
  /** Default: no TLS, for experiments only (`peer.tls`). */
  readonly tls?: TlsOptions;
  /** Other organisations whose members we accept; default none (`fabricGossip.trustedMsps`). */
  readonly trustedMsps?: readonly { readonly mspId: string; readonly path: string }[];
  /** Default `lan`. */
  readonly preset?: Preset;
  /** Tags from the start; default none (`fabricGossip.tags`). */
  readonly tags?: Readonly<Record<string, string>>;
  /** Folder that keeps the incarnation, known members and blocks across restarts; default none (`fabricGossip.stateDir`). */
  readonly statePath?: string;
  /**
   * Any other key of core.yaml with its value: `{ "peer.gossip.pullInterval": "2s" }`; default none.
   * Beats the preset; `docs/configuration.md` lists all keys.
   */
  readonly settings?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** How much faster the preset `test` is. */
const TEST_FACTOR = 10;
/** How long machines take, which no wish for speed changes. */
const UNHURRIED: ReadonlySet<string> = new Set([
  GOSSIP_KEYS.dialTimeoutMs.name,
  GOSSIP_KEYS.connTimeoutMs.name,
]);

/** Every protocol timer with a default of its own, divided; the others follow from these. */
function fastTimers(): [string, string][] {
  return ALL_KEYS.flatMap(({ name, kind, absent }): [string, string][] => {
    const isOfProtocol =
      name.startsWith("peer.gossip.") || name === "fabricGossip.limits.identityUsage";
    const isTimer = isOfProtocol && kind.startsWith("duration") && !UNHURRIED.has(name);
    return isTimer && typeof absent === "number" ? [[name, `${absent / TEST_FACTOR}ms`]] : [];
  });
}

/** Keys of each preset with their values, as text. */
export const PRESETS: Readonly<Record<Preset, readonly (readonly [string, string])[]>> = {
  lan: [],
  // Heartbeats and digest waits stay Fabric's: its peers judge us by theirs.
  wan: [
    [GOSSIP_KEYS.aliveExpiryMs.name, `${MINUTE}ms`],
    [GOSSIP_KEYS.dialTimeoutMs.name, `${10 * SECOND}ms`],
    [GOSSIP_KEYS.connTimeoutMs.name, `${10 * SECOND}ms`],
    [GOSSIP_KEYS.responseWaitMs.name, `${5 * SECOND}ms`],
    [GOSSIP_KEYS.pullIntervalMs.name, `${8 * SECOND}ms`],
  ],
  test: fastTimers(),
};

const OPTIONS: Readonly<Record<keyof NodeOptions, true>> = {
  mspId: true,
  mspPath: true,
  listen: true,
  endpoint: true,
  externalEndpoint: true,
  bootstrap: true,
  bootstrapNames: true,
  anchorPeers: true,
  tls: true,
  trustedMsps: true,
  preset: true,
  tags: true,
  statePath: true,
  settings: true,
};
const TLS_OPTIONS: Readonly<Record<keyof TlsOptions, true>> = {
  certPath: true,
  keyPath: true,
  rootCertPath: true,
  clientCertPath: true,
  clientKeyPath: true,
  clientAuthRequired: true,
  clientRootCaPaths: true,
};

/** Checks options as `readConfig` checks a file, misspelt names among them: no compiler may have looked. */
export async function readOptions(options: NodeOptions): Promise<ReadWhole> {
  const { tls, preset = "lan", settings = {} } = options;
  const problems = unknownNames("option", options, OPTIONS);
  if (tls !== undefined) {
    problems.push(
      ...(isRecord(tls)
        ? unknownNames("option tls", tls, TLS_OPTIONS)
        : notOptions(tls, "option tls takes an object with certPath and keyPath")),
    );
  }
  problems.push(...notOptions(settings, "option settings takes an object of keys and values"));
  const isPreset = typeof preset === "string" && Object.hasOwn(PRESETS, preset);
  if (!isPreset) {
    const names = Object.keys(PRESETS).join(", ");
    problems.push(`preset is ${shown(preset)}; choose one of ${names}.`);
  }
  const timers = isPreset ? PRESETS[preset] : [];
  const given = [
    ...timers.map(([name, raw]) => ({ name, raw, origin: `preset ${preset}` })),
    ...settingsOf(options),
    ...(isRecord(settings) ? Object.entries(settings) : []).map(([name, raw]) => ({
      ...{ name, raw: plain(raw), origin: "option settings" },
    })),
  ];
  const names = new Map(rowsOf(options).map(([option, { name }]) => [name, option]));
  const optionOf = (name: string): string => names.get(name) ?? "settings";
  return configOf({ ...sourceOf(given), optionOf }, problems);
}

interface Given {
  readonly name: string;
  readonly raw: unknown;
  readonly origin: string;
}

type Row = readonly [option: string, key: { readonly name: string }, value: unknown];

/** All options, with the keys that they stand for. */
function rowsOf({ tls, ...options }: NodeOptions): readonly Row[] {
  return [
    ["mspId", PEER_KEYS.mspId, options.mspId],
    ["mspPath", PEER_KEYS.mspFolder, options.mspPath],
    ["listen", PEER_KEYS.listenAddress, options.listen],
    ["endpoint", PEER_KEYS.address, options.endpoint ?? options.listen],
    ["externalEndpoint", GOSSIP_KEYS.externalEndpoint, options.externalEndpoint],
    ["bootstrap", GOSSIP_KEYS.bootstrap, options.bootstrap],
    ["bootstrapNames", OWN_KEYS.bootstrapNames, options.bootstrapNames],
    ["anchorPeers", OWN_KEYS.anchorPeers, options.anchorPeers],
    ["trustedMsps", OWN_KEYS.trustedMsps, options.trustedMsps],
    ["tags", OWN_KEYS.tags, options.tags],
    ["statePath", OWN_KEYS.stateDir, options.statePath],
    // The operations endpoint is the daemon's.
    ["operations", OPERATIONS_KEYS.listenAddress, ""],
    ["tls", TLS_KEYS.enabled, tls !== undefined],
    ["tls.certPath", TLS_KEYS.certFile, tls?.certPath],
    ["tls.keyPath", TLS_KEYS.keyFile, tls?.keyPath],
    ["tls.rootCertPath", TLS_KEYS.rootCertFile, tls?.rootCertPath],
    ["tls.clientCertPath", TLS_KEYS.clientCertFile, tls?.clientCertPath],
    ["tls.clientKeyPath", TLS_KEYS.clientKeyFile, tls?.clientKeyPath],
    ["tls.clientAuthRequired", TLS_KEYS.clientAuthRequired, tls?.clientAuthRequired],
    ["tls.clientRootCaPaths", TLS_KEYS.clientRootCaFiles, tls?.clientRootCaPaths],
  ];
}

/** The options that are set, under the names of their keys. */
function settingsOf(options: NodeOptions): readonly Given[] {
  return rowsOf(options).flatMap(([option, { name }, raw]) =>
    // A program in JavaScript may give anything: what is of the wrong kind, the key refuses.
    raw === undefined ? [] : [{ name, raw: plain(raw), origin: `option ${option}` }],
  );
}

/** As YAML has it: what names its values is a map. No key looks deeper. */
function plain(value: unknown, depth = 3): unknown {
  if (Array.isArray(value)) return depth > 0 ? value.map((one) => plain(one, depth - 1)) : [];
  if (!isRecord(value)) return value;
  const entries = depth > 0 ? Object.entries(value) : [];
  return new Map(entries.map(([name, one]) => [name, plain(one, depth - 1)]));
}
