/** Supervises the members of a devnet: starts, tracks and controls them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { memberFolder } from "../msp/generate-folder.ts";
import { renewPeerCertificate, revokeCertificate } from "../msp/generate-renew.ts";
import { ChannelFeed } from "./channel-feed.ts";
import type { ChannelSource } from "./channel-source.ts";
import { memberEnvironment } from "./environment.ts";
import { type Folder, organisationOf } from "./folder.ts";
import { MemberProcess } from "./member-process.ts";
import { cutOffFrom, type Groups } from "./partition.ts";
import type { Plan } from "./plan.ts";

/** A member in `GET /api/v1/devnet`. */
export interface MemberRow {
  readonly name: string;
  readonly mspId: string;
  readonly endpoint: string;
  /** Base URL of its operations endpoint. */
  readonly operations: string;
  /** Null while it is not running. */
  readonly pid: number | null;
  readonly status: "running" | "stopped";
}

const ACTIONS = ["stop", "kill", "start", "pause", "resume", "revoke", "renew"] as const;
type Action = (typeof ACTIONS)[number];

export function isAction(word: string): word is Action {
  return ACTIONS.some((action) => action === word);
}

/** Result of an action; `error` is a sentence with its remedy. */
type ActionOutcome =
  | { readonly ok: true; readonly member: MemberRow }
  | { readonly ok: false; readonly error: string };

interface SupervisorOptions {
  readonly plan: Plan;
  readonly folder: Folder;
  /** Variables that the members inherit, unless they configure a peer. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A member ended unexpectedly; `lines` is the end of its log. */
  readonly died: (name: string, how: string, lines: readonly string[]) => void;
}

const LAST_LINES = 5;

export class Supervisor {
  readonly #folder: Folder;
  readonly #members: ReadonlyMap<string, MemberProcess>;
  /** Members with an action in progress. */
  readonly #busy = new Set<string>();
  #groups: Groups = [];
  #isClosed = false;
  #feed: ChannelFeed | undefined;

  constructor({ plan, folder, environment, died }: SupervisorOptions) {
    this.#folder = folder;
    const members = plan.members.map((member): [string, MemberProcess] => {
      mkdirSync(join(folder.path, "state", member.name), { recursive: true });
      const process: MemberProcess = new MemberProcess({
        plan: member,
        folder: folder.path,
        logFile: join(folder.path, "logs", `${member.name}.log`),
        environment: memberEnvironment(plan, member, environment),
        heard: (message) => this.#feed?.hear(member.name, message),
        ended: () => this.#feed?.forget(member.name),
        died: (how) => {
          void process.logTail().then((tail) => {
            const lines = tail.split("\n").filter((line) => line !== "");
            if (!this.#isClosed) died(member.name, how, lines.slice(-LAST_LINES));
          });
        },
      });
      return [member.name, process];
    });
    this.#members = new Map(members);
  }

  /** Brings the blocks of a channel to the members. Before they start. */
  openChannel(source: ChannelSource): ChannelFeed {
    const members = [...this.#members].map(([name, process]) => ({
      name,
      tell: (message: object) => process.tell(message),
    }));
    this.#feed = new ChannelFeed(source, members);
    this.#feed.start();
    return this.#feed;
  }

  startAll(): void {
    for (const member of this.#members.values()) member.start();
  }

  list(): readonly MemberRow[] {
    return [...this.#members.values()].map(describe);
  }

  /** Members that are running and not paused. */
  reachable(): readonly MemberProcess[] {
    const members = [...this.#members.values()];
    return members.filter(({ status, isPaused }) => status === "running" && !isPaused);
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** Base URL of a member's operations endpoint; undefined for an unknown name. */
  operationsOf(name: string): string | undefined {
    return this.#members.get(name)?.plan.operations;
  }

  /** The end of a member's log; undefined for an unknown name. */
  async logTail(name: string): Promise<string | undefined> {
    return this.#members.get(name)?.logTail();
  }

  /** Current partition groups; empty means no partition. */
  get groups(): Groups {
    return this.#groups;
  }

  /** Partitions or heals the network. Resolves when all members have applied it. */
  async partition(groups: Groups): Promise<void> {
    this.#groups = groups;
    const members = [...this.#members.values()];
    const plans = members.map(({ plan }) => plan);
    const tell = (member: MemberProcess): Promise<void> =>
      member.cutOff(cutOffFrom(groups, member.plan.name, plans));
    await Promise.all(members.map(tell));
  }

  /** Performs the action; resolves on completion. */
  async act(name: string, action: Action): Promise<ActionOutcome> {
    const member = this.#members.get(name);
    if (member === undefined || this.#isClosed) {
      return { ok: false, error: `There is no ${name}; GET /api/v1/devnet lists the members.` };
    }
    if (this.#busy.has(name)) {
      return { ok: false, error: `${name} is busy with another action; try again in a second.` };
    }
    if (member.status === "stopped" && (action === "pause" || action === "resume")) {
      return { ok: false, error: `${name} is stopped, so it cannot ${action}; start it first.` };
    }
    this.#busy.add(name);
    try {
      await this.#perform(member, action);
      return { ok: true, member: describe(member) };
    } finally {
      this.#busy.delete(name);
    }
  }

  async #perform(member: MemberProcess, action: Action): Promise<void> {
    switch (action) {
      case "start":
      case "pause":
      case "resume":
        member[action]();
        return;
      case "stop":
      case "kill":
        await member[action]();
        return;
      case "revoke":
        await this.#revoke(member);
        return;
      case "renew":
        await this.#renew(member);
    }
  }

  /** Revokes its certificate and has every member reload the list. */
  async #revoke({ plan }: MemberProcess): Promise<void> {
    const { folder, peersFolder } = organisationOf(this.#folder, plan);
    const { certFile } = memberFolder(peersFolder, `${plan.host}.${plan.domain}`, "server");
    await revokeCertificate({ organisationFolder: folder, certFile, nowMs: Date.now() });
    for (const member of this.#members.values()) member.reload();
  }

  /** Issues a new certificate, which it loads without a restart. */
  async #renew(member: MemberProcess): Promise<void> {
    const { folder } = organisationOf(this.#folder, member.plan);
    const peer = member.plan.host;
    await renewPeerCertificate({ organisationFolder: folder, peer, nowMs: Date.now() });
    member.reload();
  }

  /** Stops every member within two seconds; kills those that do not stop. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#feed?.source.stop();
    await Promise.all([...this.#members.values()].map((member) => member.stop()));
  }
}

function describe({ plan, pid, status }: MemberProcess): MemberRow {
  const { name, mspId, endpoint, operations } = plan;
  return { name, mspId, endpoint, operations, pid, status };
}
