/** Connections of a hostile member: real handshakes, and then whatever it likes. */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Config } from "../../src/config/config.ts";
import type { Identity } from "../../src/core/types/host.ts";
import { createCrypto, type MspCrypto } from "../../src/msp/crypto.ts";
import { loadCredentials } from "../../src/node/load-credentials.ts";
import { createSystemClock } from "../../src/node/runtime.ts";
import { StreamLink } from "../../src/transport/grpc-link.ts";
import { createGrpcContext } from "../../src/transport/grpc-options.ts";
import { sessionFacts } from "../../src/transport/grpc-session.ts";
import { clientOptions } from "../../src/transport/grpc-tls.ts";
import { shakeHands } from "../../src/transport/handshake.ts";
import type { Link, LinkEvents } from "../../src/transport/network.ts";
import type { TlsCredentials } from "../../src/transport/tls-credentials.ts";
import { decode } from "../../src/wire/decode.ts";
import { encode } from "../../src/wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../../src/wire/messages.ts";
import type { Sign } from "./messages.ts";

const CONTEXT = createGrpcContext();
const clock = createSystemClock();

/** One connection after its handshake. */
export interface HostileLink {
  readonly stream: ClientHttp2Stream;
  readonly isOpen: () => boolean;
  /** Sends one message. False: the other side does not read; wait for {@link drained}. */
  send(bytes: Uint8Array): boolean;
  /** Resolves when there is room again, or the link has ended. */
  drained(): Promise<void>;
  close(): void;
}

/** The hostile member: its valid identity, and what it has sent and got so far. */
export class Attacker {
  readonly identity: Identity;
  readonly sign: Sign;
  readonly target: { readonly host: string; readonly port: number };
  readonly received: Uint8Array[] = [];
  /** Whether what is received is kept in {@link received}; counted it is always. */
  keepsReceived = false;
  bytesSent = 0;
  messagesSent = 0;
  bytesReceived = 0;
  readonly #tls: TlsCredentials;
  readonly #crypto: MspCrypto;
  readonly #sessions = new Set<ClientHttp2Session>();
  readonly #sockets = new Set<TLSSocket>();

  constructor(
    identity: Identity,
    sign: Sign,
    tls: TlsCredentials,
    crypto: MspCrypto,
    target: Attacker["target"],
  ) {
    this.identity = identity;
    this.sign = sign;
    this.#tls = tls;
    this.#crypto = crypto;
    this.target = target;
  }

  static async create(config: Config, target: Attacker["target"]): Promise<Attacker> {
    const { local, trusted, tls } = await loadCredentials(config, Date.now());
    if (tls === undefined) throw new Error("the hostile member needs TLS files");
    const sign: Sign = (payload) => {
      const signature = local.signer(payload);
      if (signature instanceof Promise) throw new Error("the signer is expected to be at hand");
      return signature;
    };
    const crypto = createCrypto([local.msp, ...trusted]);
    return new Attacker(local.identity, sign, tls, crypto, target);
  }

  /** TLS only, and then not a word. */
  async connectSilently(): Promise<TLSSocket> {
    const socket = connectTls({ ...clientOptions(this.#tls, this.target.host), ...this.target });
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
    await Promise.race([once(socket, "secureConnect"), once(socket, "close")]).catch(() => {});
    return socket;
  }

  /** The same certificate with other text before it, and so under another PKI-ID. */
  alias(number: number): Identity {
    const decoded = decode(SERIALIZED_IDENTITY, this.identity.bytes);
    if (!decoded.ok) throw new Error("our own identity can be read");
    const { mspid, idBytes } = decoded.value;
    const text = Buffer.concat([Buffer.from(`${number}\n`), idBytes]);
    const judged = this.#crypto.identify(encode(SERIALIZED_IDENTITY, { mspid, idBytes: text }));
    if (!judged.ok) throw new Error(`text before a certificate is allowed: ${judged.reason}`);
    return judged.value;
  }

  /** TLS, HTTP/2, gossip stream and handshake. Rejects if the other side refuses. */
  async connect(self = this.identity): Promise<HostileLink> {
    const socket = await this.connectSilently();
    if (socket.destroyed) throw new Error("refused");
    const session = connectHttp2("https://gossip", { createConnection: () => socket });
    this.#sessions.add(session);
    session.on("error", () => {});
    session.once("close", () => this.#sessions.delete(session));
    await Promise.race([once(session, "remoteSettings"), once(session, "close")]);
    if (session.destroyed) throw new Error("refused");
    const stream = session.request({
      ":method": "POST",
      ":path": "/gossip.Gossip/GossipStream",
      "content-type": "application/grpc",
    });
    stream.on("error", () => {});
    const nothing = (): void => {};
    const end = (): void => session.destroy();
    const role = {
      begin: nothing,
      admit: nothing,

      end,
      ending: () => ENDED,
    };
    const facts = { outbound: true, ...sessionFacts(session) };
    const link = new StreamLink(stream, facts, role, CONTEXT);
    return this.#shakeHands(self, link, stream, session);
  }

  #shakeHands(
    self: Identity,
    link: Link,
    stream: ClientHttp2Stream,
    session: ClientHttp2Session,
  ): Promise<HostileLink> {
    let isOpen = true;
    let drained = (): void => {};
    const events: LinkEvents = {
      message: (bytes) => {
        this.bytesReceived += bytes.length;
        if (this.keepsReceived) this.received.push(bytes.slice());
      },
      drain: () => {
        isFull = false;
        drained();
      },
      closed: () => {
        isOpen = false;
        drained();
      },
    };
    let isFull = false;
    const send = (bytes: Uint8Array): boolean => {
      if (!isOpen) return false;
      this.bytesSent += bytes.length;
      this.messagesSent += 1;
      isFull = !link.send(bytes);
      return !isFull;
    };
    const whenDrained = async (): Promise<void> => {
      if (!isOpen || !isFull) return;
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    };
    const close = (): void => session.destroy();
    return new Promise((resolve, reject) => {
      const { sign: signer } = this;
      const common = { clock, crypto: this.#crypto, signer, self, probe: false, timeoutMs: 10_000 };
      shakeHands(
        { ...common, link },
        {
          accepted: () => {
            resolve({ stream, isOpen: () => isOpen, send, drained: whenDrained, close });
            return events;
          },
          refused: (fault) => reject(new Error(fault)),
        },
      );
    });
  }

  /** Ends everything that is open. */
  disconnect(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.received.length = 0;
  }
}

const ENDED = { fault: "closed", reason: "ended" } as const;

/** How much a flood sends: the 100 Mbit/s. */
export const FLOOD_BYTES_PER_SECOND = 12_500_000;

/** Sends one message after the other until time is up, at most so many bytes a second. */
export async function flood(
  link: HostileLink,
  next: () => Uint8Array,
  seconds: number,
  bytesPerSecond = FLOOD_BYTES_PER_SECOND,
): Promise<void> {
  const endMs = performance.now() + seconds * 1_000;
  let allowed = 0;
  for (let lastMs = performance.now(); lastMs < endMs && link.isOpen(); ) {
    await Promise.race([Promise.all([link.drained(), sleep(2)]), sleep(endMs - lastMs)]);
    const nowMs = performance.now();
    // What could not be sent in time is not made up for later.
    allowed = Math.min(bytesPerSecond / 10, allowed + ((nowMs - lastMs) / 1_000) * bytesPerSecond);
    lastMs = nowMs;
    while (allowed > 0) {
      const message = next();
      allowed -= message.length;
      if (!link.send(message)) break;
    }
  }
}
