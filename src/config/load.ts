import { networkInterfaces } from "node:os";
import {
  ENVIRONMENT,
  type OptionKinds,
  optionProblems,
  STRING,
  STRINGS,
} from "../lib/arguments.ts";
import { GossipError } from "../lib/errors.ts";
import { type AnySource, buildConfig } from "./build.ts";
import { checkFiles, checkNames, checkTogether, withoutEffect } from "./check.ts";
import type { Config, TlsFiles } from "./config.ts";
import { openSource } from "./source.ts";

/** Sources of a configuration; all are optional. */
export interface LoadOptions {
  /** A file in the shape of core.yaml; default `$FABRIC_CFG_PATH/core.yaml` of `env`, else none. */
  readonly file?: string | undefined;
  /** Default: the environment of the process. An empty variable counts as absent, as in Fabric. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `key=value` each, overriding the environment; an empty value counts. */
  readonly overrides?: readonly string[];
}

const LOAD_OPTIONS: OptionKinds<LoadOptions> = {
  file: STRING,
  env: ENVIRONMENT,
  overrides: STRINGS,
};

/**
 * Reads a peer's configuration from its file, the environment and overrides; later sources win.
 * Throws one `GossipError` "config-invalid" that lists every problem.
 */
export async function loadConfig(from: string | LoadOptions = {}): Promise<Config> {
  const options = typeof from === "string" ? { file: from } : from;
  const wanted = "loadConfig takes the path of a core.yaml or options";
  const misuse = optionProblems("loadConfig", options, LOAD_OPTIONS, wanted);
  if (misuse.length > 0) throw new GossipError("config-invalid", misuse);
  const { config, problems } = await readConfig(options);
  if (config === undefined || problems.length > 0)
    throw new GossipError("config-invalid", problems);
  return config;
}

/** What can be read of a configuration, and what is wrong with it. */
export interface ReadConfig {
  /**
   * With problems, defaults stand for what they are about, and TLS files that are not there are left
   * out: enough to look for problems elsewhere. Undefined if the file cannot be read at all.
   */
  readonly config: Config | undefined;
  readonly problems: readonly string[];
}

export type ReadWhole = ReadConfig & { readonly config: Config };

/** As `loadConfig`, but throws nothing. */
export async function readConfig(options: LoadOptions): Promise<ReadConfig> {
  const problems: string[] = [];
  const source = await openSource({ env: process.env, ...options }, problems);
  return source.isBroken ? { config: undefined, problems } : configOf(source, problems);
}

/** The operations endpoint alone, whatever is missing beside it. Throws what is wrong with its keys. */
export async function loadOperations(env: LoadOptions["env"]): Promise<Config["operations"]> {
  const problems: string[] = [];
  const source = await openSource({ env: env ?? {} }, problems);
  const { operations } = buildConfig(source, () => undefined, problems);
  const own = problems.filter((problem) => /^operations\./.test(problem));
  if (own.length > 0) throw new GossipError("config-invalid", own);
  return operations;
}

/** Reads and checks every key; earlier problems stay among the problems. */
export async function configOf(source: AnySource, problems: string[]): Promise<ReadWhole> {
  const config = buildConfig(source, firstAddress, problems);
  checkNames(source, problems, config.warnings);
  checkTogether(config, problems, config.warnings);
  const faulty = await checkFiles(config, problems);
  const isNowhere = source.file === undefined && source.optionOf === undefined;
  if (isNowhere && config.mspId === "" && config.mspFolder === "") {
    problems.unshift(NO_FILE);
  }
  // What is missing may be there under another name.
  if (problems.length > 0) problems.push(...withoutEffect(source));
  return { config: withoutFiles(config, faulty), problems };
}

function withoutFiles(config: Config, faulty: ReadonlySet<string>): Config {
  const { tls, operations } = config;
  const there = (file: string | undefined) => (file && faulty.has(file) ? undefined : file);
  const pairOf = ({ certFile, keyFile, clientRootCaFiles }: TlsFiles) => ({
    certFile: there(certFile),
    keyFile: there(keyFile),
    clientRootCaFiles: clientRootCaFiles.filter((file) => !faulty.has(file)),
  });
  return {
    ...config,
    tls: {
      ...tls,
      ...pairOf(tls),
      rootCertFile: there(tls.rootCertFile),
      clientCertFile: there(tls.clientCertFile),
      clientKeyFile: there(tls.clientKeyFile),
    },
    operations: { ...operations, tls: { ...operations.tls, ...pairOf(operations.tls) } },
  };
}

const NO_FILE =
  "There is no configuration: name the core.yaml of a peer with --config, or its folder in " +
  "FABRIC_CFG_PATH, or set its CORE_ variables.";

/** The first IPv4 address of a network card, as Fabric detects its own (srvcfg:getLocalIP). */
function firstAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
