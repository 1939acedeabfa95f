/**
 * Checks a configuration before use (`doctor`): everything that can be checked without
 * joining the network, one finding per check, as they complete.
 */
import type { Config } from "../config/config.ts";
import { type LoadOptions, readConfig } from "../config/load.ts";
import type { Identity } from "../core/types/host.ts";
import { collect } from "../lib/collect.ts";
import { isUnspecified } from "../lib/host-port.ts";
import { checkTags } from "../node/check-saying.ts";
import { withFileProblems } from "../node/file-problems.ts";
import { withTlsRootsOf } from "../node/load-credentials.ts";
import { openFilesDoubt } from "../node/open-files.ts";
import { lifeAhead, ownerDoubt, readIncarnation, tryStateFolder } from "../node/state-folder.ts";
import { examineChannels } from "./channels.ts";
import { examineContacts, type Progress } from "./contacts.ts";
import { error, type Finding, ok, warning } from "./finding.ts";
import { examineKeys, examineOwnMsp, examineTrusted } from "./identity.ts";
import { examineNames, examineOwnEndpoints, examinePorts } from "./network.ts";
import { examineOperationsTls, examineTls } from "./tls.ts";

/** Never throws for a faulty configuration, but reports it. */
export async function* examine(
  options: LoadOptions,
  progress: Progress = () => {},
): AsyncGenerator<Finding> {
  const wallMs = Date.now();
  const { findings, config, isSound } = await examineConfig(options);
  yield* findings;
  if (config === undefined) return;
  if (!isSound) {
    yield* await examineFiles(config, findings);
    return;
  }
  let isClockDoubtful = false;
  for await (const finding of examineAll(config, wallMs, progress)) {
    isClockDoubtful ||= finding.check === "clock";
    yield finding;
  }
  if (isClockDoubtful) return;
  const time = new Date(wallMs).toISOString();
  yield ok("clock", `The clock says ${time}, and no certificate that was seen begins later.`);
}

async function* examineAll(
  config: Config,
  wallMs: number,
  progress: Progress,
): AsyncGenerator<Finding> {
  const own = await examineOwnMsp(config, wallMs);
  yield* own.findings;
  const { findings, value: trusted = [] } = await examineTrusted(config, own.value?.msp);
  yield* findings;
  yield* await examineKeys(config);
  const tls = await examineTls(config, wallMs);
  yield* tls.findings;
  yield* await examineOperationsTls(config, wallMs);
  yield* operationsFindings(config);
  yield* await examineState(config, own.value?.identity, wallMs);
  const fewFiles = await openFilesDoubt(config);
  if (fewFiles !== undefined) yield warning("limits", fewFiles);
  yield* await examineNames(config);
  if (own.value !== undefined) {
    yield* await examineChannels(config, own.value.identity, wallMs);
  }
  const isSound = own.value && (tls.value || !config.tls.enabled);
  if (own.value === undefined || !isSound) {
    yield* (await examinePorts(config, undefined, false)).findings;
    const message =
      "Bootstrap and anchor peers were not dialled, as our own files are not in order.";
    yield warning("bootstrap", message, "Mend them first.");
    return;
  }
  const files = {
    local: own.value,
    trusted,
    tls: tls.value && withTlsRootsOf(trusted, tls.value),
  };
  const isCertain = tls.findings.every(({ status }) => status !== "error");
  const ports = await examinePorts(config, files, isCertain);
  yield* ports.findings;
  yield* await examineOwnEndpoints(config, files, ports.isRunning);
  const { isRunning } = ports;
  yield* examineContacts({ config, files, wallMs, isRunning }, progress);
}

interface ExaminedConfig {
  readonly findings: readonly Finding[];
  /** As far as it can be read. */
  readonly config: Config | undefined;
  readonly isSound: boolean;
}

async function examineConfig(options: LoadOptions): Promise<ExaminedConfig> {
  const { config, problems: wrong } = await readConfig(options);
  const problems = [...wrong];
  if (config) await collect(problems, () => checkTags(config.fabricGossip.tags));
  if (config === undefined || problems.length > 0) {
    const findings = problems.map((problem) => error("configuration", problem));
    return { findings, config, isSound: false };
  }
  const from = config.file ?? "what the environment and --set say";
  const warnings = config.warnings.map((sentence) => warning("configuration", sentence));
  const read = ok("configuration", `${from} can be read.`);
  return { findings: [read, ...warnings], config, isSound: true };
}

/** What is wrong with the files that a faulty configuration names, so that all can be mended at once. */
async function examineFiles(config: Config, told: readonly Finding[]): Promise<readonly Finding[]> {
  const known = told.map(({ message }) => message);
  const problems = await withFileProblems(known, config);
  return problems
    .filter((problem) => !known.includes(problem))
    .map((problem) => error("files", problem));
}

function operationsFindings({ operations: { listenAddress, tls } }: Config): readonly Finding[] {
  if (listenAddress === undefined || tls.enabled) return [];
  const { host } = listenAddress;
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  if (isLocal) return [];
  const who = host === "" || isUnspecified(host) ? "every interface" : host;
  const message = `operations.listenAddress is open on ${who} without TLS: whoever reaches it sees the members and can change log levels.`;
  return [warning("operations", message, "Listen on 127.0.0.1, or set operations.tls.")];
}

async function examineState(
  { fabricGossip: { stateDir } }: Config,
  self: Identity | undefined,
  wallMs: number,
): Promise<readonly Finding[]> {
  if (stateDir === undefined) {
    return [
      ok("state", "fabricGossip.stateDir is not set: this member keeps no state across restarts."),
    ];
  }
  const { problem, incarnation } = await readIncarnation(stateDir);
  const unwritable = await tryStateFolder(stateDir);
  const ahead = lifeAhead(incarnation, wallMs);
  const owner = self && (await ownerDoubt(stateDir, self));
  return [
    unwritable === undefined
      ? ok("state", `${stateDir} can be written.`)
      : warning("state", unwritable),
    ...(owner === undefined ? [] : [warning("state", owner)]),
    ...(problem === undefined ? [] : [warning("state", problem)]),
    ...(ahead === undefined ? [] : [warning("clock", ahead)]),
  ];
}
