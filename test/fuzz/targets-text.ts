/** What a user writes: addresses, durations, the log specification, the configuration. */
import assert from "node:assert/strict";
import { buildConfig } from "../../src/config/build.ts";
import { checkNames, checkTogether } from "../../src/config/check.ts";
import { formatDuration, parseDurationMs } from "../../src/config/duration.ts";
import { openSource, parseSettings } from "../../src/config/source.ts";
import { GossipError } from "../../src/lib/errors.ts";
import { formatHostPort, parseEndpoint, parseHostPort } from "../../src/lib/host-port.ts";
import { formatLogSpec, levelOf, parseLogSpec } from "../../src/lib/log-spec.ts";
import { bytesOf, readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { LINES } from "./tree.ts";

const INPUT_BYTES_MAX = 16_384;

const textOf = (input: Uint8Array): string => new TextDecoder().decode(input);

/** Whoever may dial an endpoint can be written down and read again. */
function checkHostPort(input: Uint8Array): string {
  const text = textOf(input);
  const parts = parseHostPort(text);
  if (parts !== undefined) {
    assert.ok(Number.isInteger(parts.port) && parts.port >= 0 && parts.port <= 65_535);
    assert.deepEqual(parseHostPort(formatHostPort(parts)), parts);
  }
  const endpoint = parseEndpoint(text);
  if (endpoint === undefined) return parts === undefined ? "refused" : "configuration only";
  assert.deepEqual(parseEndpoint(formatHostPort(endpoint)), endpoint);
  return parts === undefined ? "peers only" : "accepted";
}

function checkDuration(input: Uint8Array): string {
  const ms = parseDurationMs(textOf(input));
  if (ms === undefined) return "refused";
  assert.ok(!Number.isNaN(ms));
  if (!Number.isSafeInteger(ms)) return "fraction";
  assert.ok(parseDurationMs(formatDuration(ms)) === ms); // -0 is 0.
  return "accepted";
}

/** Wrong text of our user is told in one way only. */
function unlessUsersMistake<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    checkProblems(error.problems);
    return undefined;
  }
}

function checkProblems(problems: readonly string[]): void {
  for (const problem of problems) {
    assert.ok(problem.length < 2 * INPUT_BYTES_MAX, "a problem without end");
    assert.match(problem, /\S/);
  }
}

function checkLogSpec(input: Uint8Array): string {
  const spec = unlessUsersMistake(() => parseLogSpec(textOf(input)));
  if (spec === undefined) return "refused";
  assert.deepEqual(parseLogSpec(formatLogSpec(spec)), spec);
  for (const name of ["gossip", "gossip.comm.x", ...spec.levels.keys()]) levelOf(spec, name);
  return `${Math.min(spec.levels.size, 3)} loggers`;
}

/** Lines of `NAME=value` are environment, those of `--name=value` overrides, the rest is the file. */
async function checkConfig(input: Uint8Array): Promise<string> {
  const lines = textOf(input).split("\n");
  const env: Record<string, string> = {};
  const overrides: string[] = [];
  const file: string[] = [];
  for (const line of lines) {
    const variable = /^(CORE_[A-Z_]+|FABRIC_LOGGING_SPEC)=(.*)$/s.exec(line);
    if (variable !== null) env[variable[1] ?? ""] = variable[2] ?? "";
    else if (line.startsWith("--")) overrides.push(line.slice(2));
    else file.push(line);
  }
  const problems: string[] = [];
  const settings = parseSettings(file.join("\n"), "core.yaml", problems);
  const isYaml = problems.length === 0;
  const opened = await openSource({ env, overrides }, problems);
  const source = {
    ...opened,
    find: (name: string, extraEnv: readonly string[]) =>
      opened.find(name, extraEnv) ?? settings.get(name.toLowerCase()),
    under: (prefix: string) => [
      ...opened.under(prefix),
      ...[...settings]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { origin }]) => ({ name, origin })),
    ],
  };
  const config = buildConfig(source, () => "192.0.2.1", problems);
  checkNames(source, problems, config.warnings);
  checkTogether(config, problems, config.warnings);
  checkProblems(problems);
  checkProblems(config.warnings);
  if (problems.length > 0) return isYaml ? "problems" : "no YAML";
  checkNumbers(config);
  return "accepted";
}

/** A configuration without problems holds no number that a timer or a table could not take. */
function checkNumbers(value: unknown): void {
  if (typeof value === "number") {
    assert.ok(value >= 0 && value <= Number.MAX_SAFE_INTEGER, `${value} in a configuration`);
  }
  if (typeof value !== "object" || value === null) return;
  for (const inner of Object.values(value)) checkNumbers(inner);
}

const CORE_YAML = `peer:
  id: jdoe
  listenAddress: 0.0.0.0:7051
  address: peer0.org1.example.com:7051
  addressAutoDetect: false
  localMspId: Org1MSP
  mspConfigPath: msp
  keepalive: {interval: 7200s, timeout: 20s, minInterval: 60s, client: {interval: 60s, timeout: 20s}}
  maxRecvMsgSize: 104857600
  gossip:
    bootstrap: [127.0.0.1:7051, "[::1]:7052"]
    endpoint: peer0:7051
    externalEndpoint:
    aliveTimeInterval: 5s
    aliveExpirationTimeout: 25s
    pullInterval: 4s
    propagateIterations: 1
    maxPropagationBurstLatency: 10ms
  tls:
    enabled: false
    clientAuthRequired: &no false
operations:
  listenAddress: 127.0.0.1:9443
  tls: {enabled: *no}
metrics: {provider: prometheus}
fabricGossip:
  trustedMsps: [{mspId: Org2MSP, path: org2}]
  stateDir: state
  expiryNotices: [720h, 24h]
  limits: {members: 1000, messageBytes: 1048576}
`;

const ENVIRONMENT = `CORE_PEER_ADDRESS=peer0:7051
CORE_PEER_LOCALMSPID=Org1MSP
CORE_PEER_MSPCONFIGPATH=msp
CORE_PEER_GOSSIP_BOOTSTRAP=a:1 b:2,c:3
CORE_PEER_GOSSIP_ALIVETIMEINTERVAL=5s
CORE_FABRICGOSSIP_TRUSTEDMSPS=Org2MSP=a,Org3MSP=b
CORE_FABRICGOSSIP_LIMITS_MEMBERS=5
FABRIC_LOGGING_SPEC=info:gossip=debug
--peer.gossip.endpoint=a:1
--fabricGossip.stateDir=
`;

const words: readonly string[] = [
  ..."CORE_PEER_ FABRIC_LOGGING_SPEC= --fabricGossip. true null ~ -1 0 1e9 0x10 1_000 .inf .nan".split(
    " ",
  ),
  ...["5s", "1h2m", "2562047h", "[::1]:1", ":7051", "0.0.0.0:0", "65536", "99999999999999999999"],
  ...[
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "? ",
    "- ",
    ": ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    ">-\n",
  ],
  ...["info", "debug", "fatal", "gossip", ",", "=", ".", ":", "µs", "\u0000", "\u202e", "'", '"'],
];

const textTarget = (name: string, seeds: readonly string[], check: Target["check"]): Target => ({
  name,
  grammar: LINES,
  corpus: [...seeds.map(bytesOf), ...readCorpus(name)],
  dictionary: words.map(bytesOf),
  bytesMax: INPUT_BYTES_MAX,
  check,
});

const addresses = ["peer0.org1.example.com:7051", "[2001:db8::1]:7051", "127.0.0.1:0", ":7051"];
const durations = ["5s", "1500ms", "2h45m", "1.5h", "-3m", "100", "1us", ".5s"];
const specs = [
  "info",
  "info:gossip.discovery=debug:comm,gossip=warning",
  "gossip.=panic:a,b.c=FATAL:error",
];

export const textTargets: readonly Target[] = [
  textTarget("host-port", addresses, checkHostPort),
  textTarget("duration", durations, checkDuration),
  textTarget("log-spec", specs, checkLogSpec),
  // Read once, before there is anything to hold up.
  { ...textTarget("config", [CORE_YAML, ENVIRONMENT], checkConfig), slowMs: 500 },
];
