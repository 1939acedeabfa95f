/** `fabric-gossip devnet`: a local network that runs until stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { ChannelSource } from "../devnet/channel-source.ts";
import { type Folder, generateKeys, openFolder, organisationOf } from "../devnet/folder.ts";
import { createObserver, isComplete, type Observer, summariseMembers } from "../devnet/observer.ts";
import { type DevnetOptions, type Plan, parsePlan } from "../devnet/plan.ts";
import { checkPorts } from "../devnet/ports.ts";
import { startServer } from "../devnet/server.ts";
import { Supervisor } from "../devnet/supervisor.ts";
import { memberFolder } from "../msp/generate-folder.ts";
import { createLiveTable, type LiveTable } from "./live-table.ts";
import type { Signals } from "./signals.ts";

export type { DevnetOptions } from "../devnet/plan.ts";

/** Minimum poll interval until all members see each other; afterwards one second. */
const STARTING_MS = 50;
const REFRESH_MS = 1_000;
const PARENT_CHECK_MS = 300;
/** Without a terminal, print the table after this long, complete or not. */
const SETTLED_MAX_MS = 30_000;

export async function devnet(options: DevnetOptions, signals: Signals): Promise<void> {
  const plan = parsePlan(options);
  const stop = stopSignal(signals);
  await checkPorts(plan);
  const folder = await openFolder(options.dir, plan);
  process.once("exit", () => folder.remove()); // Runs on every exit except SIGKILL.
  await prepareKeys(plan, folder, stop);
  if (!stop.aborted) await run(plan, folder, stop);
  process.exit(0);
}

function stopSignal(signals: Signals): AbortSignal {
  const controller = new AbortController();
  // SIGTERM to npm kills the shell in between, which does not forward the signal.
  if (process.env["npm_lifecycle_event"] !== undefined) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && controller.abort(), PARENT_CHECK_MS).unref();
  }
  return AbortSignal.any([signals.stop, controller.signal]);
}

async function prepareKeys(plan: Plan, folder: Folder, stop: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  let made = 0;
  const progress = (domain: string): void => {
    made += 1;
    print(`making keys of ${domain} (${plan.peers} ${plan.peers === 1 ? "peer" : "peers"})`);
  };
  await generateKeys(plan, folder, progress, stop);
  if (stop.aborted) return;
  const how = made === 0 ? "kept from before" : `made in ${seconds(performance.now() - startedMs)}`;
  print(`keys ${how}: ${folder.path}${folder.isTemporary ? " (removed at the end)" : ""}`);
}

async function run(plan: Plan, folder: Folder, stop: AbortSignal): Promise<void> {
  const table = createLiveTable(process.stdout);
  const supervisor = new Supervisor({
    plan,
    folder,
    environment: process.env,
    died: (name, how, lines) => {
      const log = lines.map((line) => `  | ${line}`).join("\n");
      table.say(`${name} ended unexpectedly (${how}); its log ends with\n${log}`);
    },
  });
  const observer = createObserver(supervisor, stop);
  const source = plan.channel && (await ChannelSource.open(plan.channel, plan, folder));
  const feed = source ? supervisor.openChannel(source) : undefined;
  const server = await startServer({ port: plan.basePort, supervisor, observer, feed });
  try {
    supervisor.startAll();
    print(`dashboard: ${server.url} (Ctrl-C stops all)`);
    if (plan.channel) print(howToRead(plan, plan.channel, folder));
    await awaitFullView(supervisor, observer, table, stop);
    while (!stop.aborted) {
      table.show(summariseMembers(supervisor.list(), await observer.look()), Date.now(), true);
      await sleep(REFRESH_MS, undefined, { signal: stop }).catch(() => {});
    }
  } finally {
    await server.close();
    await supervisor.close();
  }
  table.say("all members stopped");
}

/** A command that reads the channel from all members of the first organisation. */
function howToRead({ members }: Plan, channel: string, folder: Folder): string {
  const [first] = members;
  if (first === undefined) return "";
  const { domain, usersFolder } = organisationOf(folder, first);
  const admin = memberFolder(usersFolder, `Admin@${domain}`, "client");
  const peers = members.filter(({ mspId }) => mspId === first.mspId);
  const words = [
    ...peers.flatMap(({ endpoint }) => ["--peer", endpoint]),
    ...["--msp-id", first.mspId, "--tls-ca", admin.tlsCaFile],
    ...["--cert", admin.certFile, "--key", admin.keyFile],
    ...["--tls-cert", admin.tlsCertFile, "--tls-key", admin.tlsKeyFile],
  ];
  return `read the channel: npx fabric-gossip heights ${channel} ${words.join(" ")}`;
}

/** Waits until all members see each other and reports the time; gives up after a timeout. */
async function awaitFullView(
  supervisor: Supervisor,
  observer: Observer,
  table: LiveTable,
  stop: AbortSignal,
): Promise<void> {
  const startedMs = performance.now();
  let listeningMs: number | undefined;
  let shownMs = startedMs;
  while (!stop.aborted) {
    const askedMs = performance.now();
    const summaries = summariseMembers(supervisor.list(), await observer.look());
    const nowMs = performance.now();
    if (summaries.every(({ sees }) => sees !== undefined)) listeningMs ??= nowMs;
    if (listeningMs !== undefined && isComplete(summaries)) {
      const [listen, see] = [
        seconds(listeningMs - startedMs),
        seconds(nowMs - listeningMs),
      ] as const;
      for (const line of fullView(supervisor, listen, see)) table.say(line);
      return;
    }
    if (nowMs - startedMs > SETTLED_MAX_MS) return;
    if (nowMs - shownMs >= REFRESH_MS) {
      table.show(summaries, Date.now(), false);
      shownMs = nowMs;
    }
    // Large networks answer slowly and need the CPU themselves.
    const pauseMs = Math.max(STARTING_MS, nowMs - askedMs);
    await sleep(pauseMs, undefined, { signal: stop }).catch(() => {});
  }
}

function fullView(supervisor: Supervisor, listen: string, see: string): readonly string[] {
  const members = supervisor.list();
  const [first] = members;
  return [
    members.length === 1
      ? `the only member listens after ${listen}`
      : `all ${members.length} members listen after ${listen} and see each other ${see} later`,
    `ask one: npx fabric-gossip members --url ${first?.operations ?? ""}`,
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
