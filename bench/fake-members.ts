/**
 * Fake members that speak the protocol without running a node: each has its own key, certificate and
 * port, accepts connections, performs handshakes and answers requests. All of them send through
 * the connections that the one real member has opened. They share one process and verify nothing.
 */

import type { PkiId } from "../src/core/types/host.ts";
import { createSystemClock } from "../src/node/runtime.ts";
import { createGrpcNetwork, type GrpcNetwork } from "../src/transport/grpc.ts";
import { shakeHands } from "../src/transport/handshake.ts";
import type { Link, LinkEvents } from "../src/transport/network.ts";
import type { TlsCredentials } from "../src/transport/tls-credentials.ts";
import { encodeUnsigned, parseEnvelope, parseMessage } from "../src/wire/envelope.ts";
import { type Content, type GossipMessageInit, PULL_TYPE, TAG } from "../src/wire/messages.ts";
import { parsePkiId, pkiIdBytes } from "../src/wire/received.ts";
import { aliveOf, type Fixture, type Fixtures, identityItemOf } from "./fixture-identities.ts";

const HEARTBEAT_MS = 5_000;
/** Neighbours that bring a member each heartbeat, approximately as measured. */
const COPIES = 2;
/** Interval among neighbours; other connections shall fall silent and close. */
const NEIGHBOUR_MS = 6_000;
/** Identities in one update. */
const UPDATE_ITEMS_MAX = 500;

export class FakeMembers {
  readonly #fixtures: Fixtures;
  readonly #tls: TlsCredentials;
  readonly #networks: GrpcNetwork[] = [];
  /** Time of the last message per link. */
  readonly #links = new Map<Link, number>();
  readonly #alive = new Map<PkiId, Uint8Array>();
  readonly #items = new Map<PkiId, Uint8Array>();
  readonly #clock = createSystemClock();
  readonly #gathered = new Map<Link, Uint8Array[]>();
  readonly #gatherMs: number;
  #timer: NodeJS.Timeout | undefined;
  #spoken = 0;
  sent = 0;

  /**
   * All members except the first, which is real. `tls`: of one of them, shared by all. `gatherMs`: how
   * long heartbeats wait for others that take the same link.
   */
  constructor(fixtures: Fixtures, tls: TlsCredentials, gatherMs: number) {
    this.#fixtures = fixtures;
    this.#tls = tls;
    this.#gatherMs = gatherMs;
    for (const fixture of this.#members) {
      this.#items.set(fixture.identity.pkiId, identityItemOf(fixture).bytes);
      this.#alive.set(fixture.identity.pkiId, aliveOf(fixture, 1n).bytes);
    }
  }

  get #members(): readonly Fixture[] {
    return this.#fixtures.all.slice(1);
  }

  /** Number of connections of the real member to us. */
  get connections(): number {
    return this.#links.size;
  }

  /** Those connections, as the members of the fakes hold them. */
  get links(): readonly Link[] {
    return [...this.#links.keys()];
  }

  async listen(): Promise<void> {
    for (const fixture of this.#members) {
      const [host = "", port = ""] = fixture.endpoint.split(":");
      const network = createGrpcNetwork({ listen: { host, port: Number(port) }, tls: this.#tls });
      this.#networks.push(network);
      await network.listen((link) => this.#accept(fixture, link));
    }
  }

  /** Starts the heartbeats: one per member every five seconds, evenly spread. */
  speak(): void {
    const members = this.#members;
    const startedMs = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startedMs) / HEARTBEAT_MS) * members.length;
      for (; this.#spoken < due; this.#spoken++) {
        const fixture = members[this.#spoken % members.length];
        if (fixture) this.#beat(fixture, BigInt(2 + Math.floor(this.#spoken / members.length)));
      }
    }, 5);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#networks.map((network) => network.close()));
  }

  #beat(fixture: Fixture, seqNum: bigint): void {
    const { bytes } = aliveOf(fixture, seqNum);
    this.#alive.set(fixture.identity.pkiId, bytes);
    const links = this.#neighbours();
    for (let copy = 0; copy < Math.min(COPIES, links.length); copy++) {
      const link = links[(this.#spoken + copy) % links.length];
      if (link) this.#sendLater(link, bytes);
      this.sent += 1;
    }
  }

  /** As a neighbour of our kind: what has gathered leaves at moments of its own. */
  #sendLater(link: Link, bytes: Uint8Array): void {
    if (this.#gatherMs === 0) {
      link.send(bytes);
      return;
    }
    const gathered = this.#gathered.get(link);
    if (gathered) {
      gathered.push(bytes);
      return;
    }
    const first = [bytes];
    this.#gathered.set(link, first);
    setTimeout(() => {
      this.#gathered.delete(link);
      for (const one of first) link.send(one);
    }, this.#gatherMs);
  }

  /** A member that gets messages from the real one is its neighbour and relays to it. */
  #neighbours(): readonly Link[] {
    const sinceMs = performance.now() - NEIGHBOUR_MS;
    return [...this.#links].filter(([, heardMs]) => heardMs > sinceMs).map(([link]) => link);
  }

  #accept(fixture: Fixture, link: Link): void {
    const { identity: self, sign: signer } = fixture;
    const options = { clock: this.#clock, crypto: this.#fixtures.crypto, signer, self };
    shakeHands(
      { ...options, link, probe: false, timeoutMs: 5_000 },
      {
        accepted: ({ probe }) => {
          if (!probe) this.#links.set(link, performance.now());
          return this.#listener(fixture, link);
        },
        refused: () => {},
      },
    );
  }

  #listener(fixture: Fixture, link: Link): LinkEvents {
    return {
      message: (bytes) => {
        this.#links.set(link, performance.now());
        const envelope = parseEnvelope(bytes);
        const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
        if (!message.ok) return;
        const { content, nonce } = message.value;
        const answer = content && this.#answer(fixture, content);
        const reply = { tag: TAG.empty, nonce, content: answer };
        if (answer) link.send(encodeUnsigned(reply));
      },
      drain: () => {},
      closed: () => this.#links.delete(link),
    };
  }

  /** The answer to a request; undefined for other messages. */
  #answer({ identity }: Fixture, content: Content): GossipMessageInit["content"] {
    const msgType = PULL_TYPE.identity;
    switch (content.type) {
      case "membership-request": {
        const { [identity.pkiId]: own, ...others } = Object.fromEntries(this.#alive);
        const alive = [...Object.values(others), ...(own ? [own] : [])];
        return { type: "membership-response", value: { alive, dead: [] } };
      }
      case "hello": {
        const digests = [...this.#items.keys()].map(pkiIdBytes);
        return { type: "digest", value: { nonce: content.value.nonce, digests, msgType } };
      }
      case "request": {
        const { digests, nonce } = content.value;
        const asked = digests.slice(0, UPDATE_ITEMS_MAX).map((id) => this.#itemOf(id));
        const data = asked.filter((item) => item !== undefined);
        return { type: "update", value: { nonce, data, msgType } };
      }
      default:
        return undefined;
    }
  }

  #itemOf(id: Uint8Array): Uint8Array | undefined {
    const pkiId = parsePkiId(id);
    return pkiId && this.#items.get(pkiId);
  }
}
