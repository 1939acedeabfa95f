/** The two kinds of peers behind one face, so that a scenario reads the same for both. */
import { join } from "node:path";
import { getList } from "../../src/cli/client.ts";
import type { Json } from "../../src/observe/json.ts";
import type { Connection, Identity, Member } from "../../src/observe/views.ts";
import { MAIN } from "../main-program.ts";
import {
  type Command,
  type LogLine,
  PATIENT_MS,
  type Running,
  runToEnd,
  start,
} from "./program.ts";
import { until } from "./until.ts";
import {
  endpointOf,
  environmentOf,
  internalEndpointOf,
  local,
  type Organisation,
  type PeerSettings,
  type Workspace,
} from "./workspace.ts";

export interface Peer {
  readonly organisation: Organisation;
  /** Unique within its organisation. */
  readonly name: string;
  /** Unique. */
  readonly id: string;
  /** Where other organisations reach it. */
  readonly endpoint: string;
  /** Where its own organisation reaches it. */
  readonly internalEndpoint: string;
  /** Starts it and waits until it serves. `changes` stay for later starts. */
  start(changes?: Partial<PeerSettings>): Promise<void>;
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Makes it stand still, or go on. */
  send(signal: "SIGSTOP" | "SIGCONT"): void;
  /** The external endpoints of those it holds alive, itself included, sorted. */
  alive(): Promise<readonly string[]>;
  /** What it has logged since it was last started. */
  log(): readonly LogLine[];
}

/**
 * A peer of Fabric. What it thinks is asked of its discovery service, which knows nobody without an
 * external endpoint.
 */
export interface FabricPeer extends Peer {
  /** Endpoint to certificate (PEM) of those it holds alive, itself included. */
  certificates(): Promise<ReadonlyMap<string, string>>;
  /** Endpoint to height of those that it holds to be on a channel, itself included. */
  heights(channel: string): Promise<Readonly<Record<string, number>>>;
  /** Makes it a member of a channel, by the channel's first block. */
  joinChannel(block: string): Promise<void>;
}

/** Our own member. What it thinks is asked of its operations endpoint. */
export interface OwnPeer extends Peer {
  members(): Promise<readonly Json<Member>[]>;
  identities(): Promise<readonly Json<Identity>[]>;
  connections(): Promise<readonly Json<Connection>[]>;
  /** A counter of `/metrics`, by code. */
  counts(metric: string): Promise<Readonly<Record<string, number>>>;
}

export function createFabricPeer(workspace: Workspace, settings: PeerSettings): FabricPeer {
  const { installation, folder } = workspace;
  const program = installation.program("peer");
  const peer = createPeer(workspace, settings, { program, arguments: ["node", "start"] }, (line) =>
    line.msg.startsWith("Started peer with ID"),
  );
  const certificates = async (): Promise<ReadonlyMap<string, string>> => {
    peer.assertRuns();
    const found = JSON.parse(await runToEnd(discoverCommand(workspace, peer))) ?? [];
    assertPeerList(found);
    return new Map(found.map(({ Endpoint, Identity }) => [Endpoint, Identity]));
  };
  return {
    ...peer,
    certificates,
    async heights(channel) {
      const words = discoverCommand(workspace, peer);
      const found = JSON.parse(
        await runToEnd({ ...words, arguments: [...words.arguments, "--channel", channel] }),
      );
      assertPeerList(found ?? []);
      return Object.fromEntries(
        (found ?? []).map(({ Endpoint, LedgerHeight }: ListedPeer) => [Endpoint, LedgerHeight]),
      );
    },
    alive: async () => [...(await certificates()).keys()].sort(),
    async joinChannel(block) {
      const { admin } = settings.organisation;
      const environment = {
        ...environmentOf(workspace, settings),
        CORE_PEER_MSPCONFIGPATH: join(admin, "msp"),
        CORE_PEER_TLS_CLIENTCERT_FILE: join(admin, "tls/client.crt"),
        CORE_PEER_TLS_CLIENTKEY_FILE: join(admin, "tls/client.key"),
      };
      const words = ["channel", "join", "-b", block];
      await runToEnd({ program, arguments: words, environment, folder });
    },
  };
}

interface ListedPeer {
  readonly Endpoint: string;
  readonly Identity: string;
  /** Of a channel only. */
  readonly LedgerHeight?: number;
}

function assertPeerList(value: unknown): asserts value is readonly ListedPeer[] {
  if (!Array.isArray(value)) throw new Error(`discover printed no list: ${JSON.stringify(value)}`);
}

function discoverCommand(
  { installation, folder }: Workspace,
  { organisation, endpoint }: Pick<Peer, "organisation" | "endpoint">,
): Command {
  const { mspId, domain, admin } = organisation;
  const flags = {
    MSP: mspId,
    userCert: join(admin, "msp/signcerts", `Admin@${domain}-cert.pem`),
    userKey: join(admin, "msp/keystore/priv_sk"),
    peerTLSCA: join(admin, "tls/ca.crt"),
    tlsCert: join(admin, "tls/client.crt"),
    tlsKey: join(admin, "tls/client.key"),
  };
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return {
    program: installation.program("discover"),
    arguments: [...words, "peers", `--server=${endpoint}`],
    environment: {},
    folder,
  };
}

export function createOwnPeer(workspace: Workspace, settings: PeerSettings): OwnPeer {
  const command = { program: process.execPath, arguments: [MAIN, "start"] };
  const peer = createPeer(workspace, settings, command, (line) =>
    line.msg.includes(`gossips as ${internalEndpointOf(settings)}`),
  );
  const url = `http://${local(settings.ports.operations)}`;
  const members = (): Promise<readonly Json<Member>[]> => getList(url, "/api/v1/members");
  return {
    ...peer,
    members,
    identities: () => getList(url, "/api/v1/identities"),
    connections: () => getList(url, "/api/v1/connections"),
    async alive() {
      peer.assertRuns();
      const alive = (await members()).filter(({ status }) => status === "alive");
      return alive.map(({ endpoint }) => endpoint).sort();
    },
    async counts(metric) {
      const response = await fetch(`${url}/metrics`);
      const pattern = new RegExp(`^${metric}\\{code="(.+)"\\} (\\d+)$`, "gm");
      const found = [...(await response.text()).matchAll(pattern)];
      return Object.fromEntries(found.map(([, code, count]) => [code, Number(count)]));
    },
  };
}

/** The part of a peer that does not depend on its kind. */
function createPeer(
  workspace: Workspace,
  initial: PeerSettings,
  command: Pick<Command, "program" | "arguments">,
  isUp: (line: LogLine) => boolean,
): Omit<Peer, "alive"> & { assertRuns(): void } {
  const { folder } = workspace;
  let settings = initial;
  let running: Running | undefined;
  const { organisation, name } = initial;
  const id = `${name}.${organisation.domain}`;
  return {
    organisation,
    name,
    id,
    endpoint: endpointOf(initial),
    internalEndpoint: internalEndpointOf(initial),
    async start(changes = {}) {
      settings = { ...settings, ...changes };
      const environment = environmentOf(workspace, settings);
      const program = start({ ...command, environment, folder });
      running = program;
      await until({
        what: `${id} serves`,
        timeoutMs: PATIENT_MS,
        isSo() {
          assertRuns(id, program);
          return program.log().some(isUp) || (program.log().at(-1)?.text ?? "silence");
        },
      });
    },
    assertRuns: () => assertRuns(id, running),
    stop: async (signal) => running?.stop(signal),
    send: (signal) => running?.send(signal),
    log: () => running?.log() ?? [],
  };
}

/** A peer that has died by itself is the news, not that it cannot be asked. */
function assertRuns(id: string, program: Running | undefined): void {
  const ended = program?.ended();
  if (program === undefined || ended === undefined) return;
  const end = program.log().slice(-15);
  throw new Error(`${id} ended with ${ended}:\n${end.map(({ text }) => text).join("\n")}`);
}
