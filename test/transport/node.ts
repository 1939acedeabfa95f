/** A member for tests of connections: the table, its network, and all it was told. */
import type { PkiId } from "../../src/core/abilities.ts";
import type { ConnectionsOptions } from "../../src/transport/connection-options.ts";
import { type Connections, createConnections } from "../../src/transport/connections.ts";
import type { Clock, Network } from "../../src/transport/network.ts";
import { createSeededRandom } from "../../src/transport/testing.ts";
import { type Person, toyCrypto } from "./people.ts";

export interface TestNode {
  readonly connections: Connections;
  readonly person: Person;
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
  readonly person: Person;
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
    mspOf: () => "Org1",
    events: {
      connected: ({ pkiId }, { outbound }) =>
        told.push(`connected ${nameOf(pkiId)} ${outbound ? "outbound" : "inbound"}`),
      message: (pkiId, bytes) => told.push(`message ${nameOf(pkiId)} ${Buffer.from(bytes)}`),
      disconnected: (pkiId, fault) => told.push(`disconnected ${nameOf(pkiId)} ${fault}`),
      sendFailed: (pkiId, _endpoint, fault) => told.push(`sendFailed ${nameOf(pkiId)} ${fault}`),
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
