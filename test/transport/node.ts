/** A member for tests of connections: the table, its network, and all it was told. */
import type { PkiId } from "../../src/core/types/host.ts";
import type { ConnectionsOptions } from "../../src/transport/connection-options.ts";
import { type Connections, createConnections } from "../../src/transport/connections.ts";
import { createMemoryHub } from "../../src/transport/memory.ts";
import type { MemoryHubOptions, Route } from "../../src/transport/memory-options.ts";
import type { Clock, Network } from "../../src/transport/network.ts";
import { createSeededRandom, createVirtualClock } from "../../src/transport/testing.ts";
import { createToyIdentity, type ToyIdentity, toyCrypto } from "./toy-identities.ts";

export interface TestNode {
  readonly connections: Connections;
  readonly person: ToyIdentity;
  readonly pkiId: PkiId;
  readonly endpoint: string;
  readonly network: Network;
  /** Everything told, one line each: `connected bob`, `message bob hello`, ... */
  readonly told: string[];
  /** Texts received, in order. */
  received(): string[];
  send(to: TestNode, ...texts: string[]): void;
}

export interface NodeOptions {
  readonly person: ToyIdentity;
  readonly endpoint: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly seed?: number;
  /** Names for what is told. */
  readonly nameOf: (pkiId: PkiId) => string;
  readonly overrides?: Partial<ConnectionsOptions>;
}

export function createNode(options: NodeOptions): TestNode {
  const { person, network, clock, nameOf, endpoint } = options;
  const told: string[] = [];
  const connections = createConnections({
    network,
    clock,
    random: createSeededRandom(options.seed ?? 1),
    crypto: toyCrypto,
    signer: person.signer,
    self: () => person.identity,
    identityOf: (pkiId) => ({ mspId: "Org1", certificate: pkiId }),
    events: {
      connected: ({ pkiId }, { outbound }) =>
        told.push(`connected ${nameOf(pkiId)} ${outbound ? "outbound" : "inbound"}`),
      message: (pkiId, bytes) => told.push(`message ${nameOf(pkiId)} ${Buffer.from(bytes)}`),
      disconnected: (pkiId, { code }) => told.push(`disconnected ${nameOf(pkiId)} ${code}`),
      sendFailed: (pkiId, _endpoint, fault) => told.push(`sendFailed ${nameOf(pkiId)} ${fault}`),
      refused: (pkiId, _endpoint, end) => told.push(`refused ${nameOf(pkiId)} ${end.fault}`),
      twinSeen: (place) => told.push(`twinSeen ${place}`),
      replaced: (old, { pkiId }) => told.push(`replaced ${nameOf(old)} ${nameOf(pkiId)}`),
      handshakeFailed: (fault) => told.push(`handshakeFailed ${fault}`),
      dropped: (pkiId, messages) => told.push(`dropped ${nameOf(pkiId)} ${messages}`),
    },
    ...options.overrides,
  });
  return {
    connections,
    person,
    pkiId: person.identity.pkiId,
    endpoint,
    network,
    told,
    received: () =>
      told.filter((line) => line.startsWith("message ")).map((line) => line.split(" ")[2] ?? ""),
    send(to, ...texts) {
      const messages = texts.map((text) => ({ bytes: Buffer.from(text) }));
      connections.send({ pkiId: to.pkiId, endpoint: to.endpoint }, messages);
    },
  };
}

export function createWorld(options: Partial<MemoryHubOptions> = {}) {
  const clock = createVirtualClock();
  let route: (from: string, to: string) => Route = () => "pass";
  const latencyMs = () => 5;
  const hub = createMemoryHub({
    clock,
    latencyMs,
    route: (from, to) => route(from, to),
    ...options,
  });
  const names = new Map<PkiId, string>();
  const node = async (name: string, more: Partial<NodeOptions> = {}): Promise<TestNode> => {
    const person = more.person ?? createToyIdentity("Org1", name);
    names.set(person.identity.pkiId, name);
    const endpoint = more.endpoint ?? `${name}:7051`;
    const network = hub.network({ endpoints: [endpoint], certificate: Buffer.from(name) });
    const nameOf = (pkiId: PkiId) => names.get(pkiId) ?? pkiId;
    const created = createNode({ person, endpoint, network, clock, nameOf, ...more });
    await created.connections.listen();
    return created;
  };
  const reroute = (rule: (from: string, to: string) => Route): void => {
    route = rule;
    hub.routesChanged();
  };
  return { clock, hub, node, reroute };
}

/** Two nodes, the first with the lower PKI-ID: it decides which link stays. */
export async function createPair(options: Partial<MemoryHubOptions> = {}) {
  const world = createWorld(options);
  const [one, two] = [await world.node("ann"), await world.node("ben")];
  const [low, high] = one.pkiId < two.pkiId ? [one, two] : [two, one];
  return { ...world, low, high };
}

/** What a node was told, without reasons. */
export const kinds = (node: TestNode) =>
  node.told.map((line) => line.split(" ").slice(0, 3).join(" "));
/** The name it was created with. */
export const nameOf = (node: TestNode) => node.endpoint.split(":")[0];
