/** A small network of processes with a hostile member in it, and what is measured there. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../../src/config/load.ts";
import { type GeneratedOrganisation, generateOrganisation } from "../../src/msp/generate.ts";
import { owned } from "../children.ts";
import { peerEnvironment, until } from "../cli/program.ts";
import { freePort } from "../ports.ts";
import type { AttackOrder, AttackReport } from "./attacker.ts";
import { Attacker } from "./attacker-links.ts";
import type { MemberOrder, Report } from "./measured-member.ts";
import type { RelayedReport } from "./relayed-members.ts";

const FAST_TIMERS = {
  CORE_PEER_GOSSIP_ALIVETIMEINTERVAL: "2s",
  CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT: "10s",
  CORE_PEER_GOSSIP_RECONNECTINTERVAL: "2500ms",
  CORE_PEER_GOSSIP_PULLINTERVAL: "400ms",
};
const STAMP_EVERY_MS = 250;
/** What a process may take to answer, on the busiest machine. */
const ANSWER_MS = 120_000;
/** Nobody answers at the endpoints of relayed members, so some of them occasionally count as dead. */
const CROWD_SEEN_MIN = 0.9;

export interface ArenaOptions {
  /** Members besides those that are processes: one honest member tells of them all. */
  readonly relayed: number;
  /** Timers faster than by default; a busy machine still keeps up with them. */
  readonly isFast: boolean;
}

/** What came of one attack. */
export interface AttackOutcome {
  readonly attack: string;
  readonly seconds: number;
  /** The member under attack. */
  readonly victim: Report;
  /** The other honest members. */
  readonly others: readonly Report[];
  readonly attacker: AttackReport;
  /** Honest processes that another one did not have in its view at the end, or lost meanwhile. */
  readonly harmed: readonly string[];
  /** Smallest share of the relayed members that any honest member saw at the end; 0 to 1. */
  readonly crowdSeen: number;
  /** Milliseconds that each newcomer took to connect to the victim meanwhile; infinite = refused. */
  readonly visits: readonly number[];
}

interface Process {
  readonly child: ChildProcess;
  readonly pkiId: string;
}

/** Victim, two other members, optionally relayed members, and the attacker. All of one organisation. */
export class Arena {
  readonly #folder: string;
  readonly #port: number;
  readonly #members: readonly Process[];
  readonly #relay: Process | undefined;
  readonly #attacker: Process;
  readonly #visitor: Visitor;
  readonly #crowdIds: readonly string[];

  private constructor(
    folder: string,
    port: number,
    members: readonly Process[],
    relayed: Process | undefined,
    attacker: Process,
    visitor: Visitor,
    crowdIds: readonly string[],
  ) {
    this.#folder = folder;
    this.#port = port;
    this.#members = members;
    this.#relay = relayed;
    this.#attacker = attacker;
    this.#visitor = visitor;
    this.#crowdIds = crowdIds;
  }

  static async open(options: ArenaOptions): Promise<Arena> {
    const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-hostile-"));
    const started: ChildProcess[] = [];
    try {
      return await Arena.#build(folder, started, options);
    } catch (error) {
      await Promise.all(started.map(kill)); // Or they would keep the test run from ending.
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  static async #build(
    folder: string,
    started: ChildProcess[],
    { relayed, isFast }: ArenaOptions,
  ): Promise<Arena> {
    const organisation = await generateOrganisation({
      folder,
      domain: "org1.example.com",
      peers: 5 + relayed,
      sans: ["localhost", "127.0.0.1"],
      nowMs: Date.now(),
    });
    const port = await freePort();
    const start = async (program: string, index: number, more = {}): Promise<Process> => {
      const env = environment(organisation, index, index === 0 ? port : await freePort());
      const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${port}` };
      const timers = isFast ? FAST_TIMERS : {};
      const child = forkProgram(program, { ...env, ...bootstrap, ...timers, ...more });
      started.push(child);
      const { pkiId } = await answer<{ pkiId: string }>(child);
      return { child, pkiId };
    };
    const members = [await start("measured-member.ts", 0)];
    members.push(await start("measured-member.ts", 1), await start("measured-member.ts", 2));
    const attacker = await start("attacker.ts", 3);
    const visitor = await createVisitor(environment(organisation, 4, port), port);
    const folders = organisation.peers.slice(5).map((peer) => join(peer.folder, "msp"));
    const more = {
      RELAYED_MSPS: folders.join(":"),
      RELAYED_PORT: String(port),
      RELAYED_FAST: String(isFast),
    };
    const relayProcess = relayed > 0 ? await start("relayed-members.ts", 5, more) : undefined;
    const crowdIds = relayProcess ? (await report<RelayedReport>(relayProcess)).pkiIds : [];
    const arena = new Arena(folder, port, members, relayProcess, attacker, visitor, crowdIds);
    const [, stamping] = members;
    stamping?.child.send({ type: "stamp", everyMs: STAMP_EVERY_MS } satisfies MemberOrder);
    await arena.#waitUntilWhole();
    return arena;
  }

  /** Has the hostile member do this, and measures meanwhile. */
  async run(attack: string, seconds: number): Promise<AttackOutcome> {
    await this.#waitUntilWhole();
    for (const { child } of this.#members) child.send({ type: "measure" } satisfies MemberOrder);
    const order: AttackOrder = { attack, seconds, port: this.#port };
    const endVisits = visitRepeatedly(this.#visitor);
    const withinMs = ANSWER_MS + seconds * 1_000;
    const attacker = await ask<AttackReport>(this.#attacker, order, withinMs).finally(endVisits);
    const visits = await endVisits();
    const reports = await this.#reports();
    const [victim, ...others] = reports;
    if (victim === undefined) throw new Error("an arena has a victim");
    const harmed = reports.flatMap(({ alive, lost }) => [
      ...missing(this.#honestIds, alive),
      ...this.#honestIds.filter((pkiId) => lost.includes(pkiId)),
    ]);
    const crowdSeen = this.#crowdSeen(reports);
    return { attack, seconds, victim, others, attacker, harmed, crowdSeen, visits };
  }

  /** MiB that the member under attack has in use, without garbage. */
  async heldMb(): Promise<number> {
    const [victim] = this.#members;
    if (victim === undefined) throw new Error("an arena has a victim");
    return await ask<number>(victim, { type: "held" } satisfies MemberOrder);
  }

  /** Ends all processes and removes their files. */
  async close(): Promise<void> {
    const all = [...this.#members, this.#attacker, ...(this.#relay ? [this.#relay] : [])];
    await Promise.all(all.map(({ child }) => kill(child)));
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #honestIds(): readonly string[] {
    return this.#members.map(({ pkiId }) => pkiId);
  }

  #crowdSeen(reports: readonly Report[]): number {
    const count = this.#crowdIds.length;
    const unseen = reports.map(({ alive }) => missing(this.#crowdIds, alive).length);
    return count === 0 ? 1 : 1 - Math.max(...unseen) / count;
  }

  #reports(): Promise<readonly Report[]> {
    return Promise.all(this.#members.map((member) => report<Report>(member)));
  }

  #waitUntilWhole(): Promise<void> {
    return until(
      "every honest member sees every other",
      async () => {
        const reports = await this.#reports();
        const isWhole = reports.every(({ alive }) => missing(this.#honestIds, alive).length === 0);
        return isWhole && this.#crowdSeen(reports) >= CROWD_SEEN_MIN;
      },
      180_000,
    );
  }
}

function missing(wanted: readonly string[], present: readonly string[]): readonly string[] {
  const found = new Set(present);
  return wanted.filter((pkiId) => !found.has(pkiId));
}

function environment(
  organisation: GeneratedOrganisation,
  index: number,
  port: number,
): Record<string, string> {
  const more = { CORE_OPERATIONS_LISTENADDRESS: "" };
  return peerEnvironment(organisation, index, { port, operations: 0 }, more);
}

/** Dials, shakes hands and leaves again, as a member does that has just started. */
interface Visitor {
  /** Milliseconds; infinite if it did not succeed within three seconds. */
  visit(): Promise<number>;
}

const VISIT_MAX_MS = 3_000;
const VISIT_EVERY_MS = 400;

async function createVisitor(env: Record<string, string>, port: number): Promise<Visitor> {
  const config = await loadConfig({ env });
  const target = { host: "127.0.0.1", port };
  return {
    async visit() {
      const guest = await Attacker.create(config, target);
      const startedMs = performance.now();
      const connected = guest.connect().then(
        () => true,
        () => false, // Refused: what counts is that no visit came about.
      );
      const isMet = await Promise.race([connected, sleep(VISIT_MAX_MS, false)]);
      guest.disconnect();
      return isMet ? performance.now() - startedMs : Number.POSITIVE_INFINITY;
    },
  };
}

/** Visits again and again until told to stop; resolves to how long each visit took to be let in. */
function visitRepeatedly(visitor: Visitor): () => Promise<readonly number[]> {
  const visits: number[] = [];
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      visits.push(await visitor.visit());
      await sleep(VISIT_EVERY_MS);
    }
  })();
  return async () => {
    isOver = true;
    await done;
    return visits;
  };
}

function forkProgram(program: string, env: Record<string, string>): ChildProcess {
  const { PATH = "", HOME = "" } = process.env;
  const child = fork(join(import.meta.dirname, program), [], {
    env: { PATH, HOME, ...env },
    execArgv: ["--expose-gc"],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return owned(child);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function report<T>(of: Process): Promise<T> {
  return ask<T>(of, { type: "report" });
}

/** Asks, and waits for the answer, for so long at most. */
function ask<T>({ child }: Process, order: object, withinMs = ANSWER_MS): Promise<T> {
  const answered = answer<T>(child, withinMs);
  child.send(order);
  return answered;
}

async function answer<T>(child: ChildProcess, withinMs = ANSWER_MS): Promise<T> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error("a process of the arena has ended");
  });
  const late = sleep(withinMs, undefined, { signal }).then(() => {
    throw new Error(`a process of the arena has not answered within ${withinMs} ms`);
  });
  try {
    const [message] = await Promise.race([once(child, "message", { signal }), ended, late]);
    return message;
  } finally {
    waiting.abort();
    for (const other of [ended, late]) other.catch(() => {}); // They hear of the abort.
  }
}
