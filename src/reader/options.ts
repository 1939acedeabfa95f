/** Options of a reader: channel, credentials, peers, trust. */
import type { Range } from "../config/range.ts";
import type { Signer } from "../core/types/host.ts";
import {
  ENVIRONMENT,
  FUNCTION,
  type Kind,
  type OptionKinds,
  STRING,
  STRINGS,
} from "../lib/arguments.ts";

/** Options of `readChannel`. Files are paths; relative ones start at the working directory. */
export interface ReadChannelOptions {
  /** Name of the channel. */
  readonly channel: string;
  /**
   * `core.yaml` with the credentials; default: `$FABRIC_CFG_PATH/core.yaml` and `CORE_` variables.
   */
  readonly config?: string;
  /** Configuration keys, `key=value`, overriding the file and the environment. */
  readonly set?: readonly string[];
  /** Fabric connection profile, JSON or YAML. */
  readonly profile?: string;
  /** Our MSP id; default: the one of `client.organization` in the profile. */
  readonly mspId?: string;
  /** Enrolment certificate, PEM; with `key` instead of an MSP folder. */
  readonly cert?: string;
  /** The private key of `cert`, PEM. */
  readonly key?: string;
  /** TLS client certificate, PEM; default: the enrolment pair. */
  readonly tlsCert?: string;
  /** The private key of `tlsCert`, PEM. */
  readonly tlsKey?: string;
  /** Peers to query, `host:port`; with a profile also their names. Default: all of the profile. */
  readonly peers?: readonly string[];
  /** TLS CAs of `peers`, PEM files; each applies to all of them. */
  readonly tlsCa?: readonly string[];
  /**
   * Configuration block to start from; default: the newest, from a peer of our own organisation.
   */
  readonly trust?: string;
  /**
   * Maximum time for one answer of a peer, in milliseconds, 1 to 3_600_000; default 3_000, as in Fabric.
   * Large blocks on a slow link need more.
   */
  readonly answerTimeoutMs?: number;
  /** Signs instead of a private key in a file, for HSMs. */
  readonly signer?: Signer;
  /** Environment for `CORE_` variables; default: the one of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Of `answerTimeoutMs`. No block takes an hour. */
export const ANSWER_TIMEOUT_RANGE: Range = { min: 1, max: 3_600_000 };
const { min, max } = ANSWER_TIMEOUT_RANGE;
const MILLISECONDS: Kind = {
  words: `milliseconds from ${min} to ${max}`,
  fits: (value) => typeof value === "number" && value >= min && value <= max,
};

export const READ_OPTIONS: OptionKinds<ReadChannelOptions> = {
  channel: STRING,
  config: STRING,
  set: STRINGS,
  profile: STRING,
  mspId: STRING,
  cert: STRING,
  key: STRING,
  tlsCert: STRING,
  tlsKey: STRING,
  peers: STRINGS,
  tlsCa: STRINGS,
  trust: STRING,
  answerTimeoutMs: MILLISECONDS,
  signer: FUNCTION,
  env: ENVIRONMENT,
};
