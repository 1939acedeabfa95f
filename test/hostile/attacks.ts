/** What a hostile member with a valid certificate can try, by name. Each runs for some seconds. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnvelope, parseMessage } from "../../src/wire/envelope.ts";
import { type Alive, parseAlive, pkiIdBytes } from "../../src/wire/received.ts";
import { type Attacker, flood, type HostileLink } from "./attacker-links.ts";
import {
  aliveMessage,
  digest,
  hello,
  identityItem,
  inTurn,
  manyFields,
  membershipRequest,
  membershipResponse,
  randomId,
  request,
  times,
  update,
} from "./messages.ts";

/** After our own and everybody else's incarnation: always news. */
const FAR_FUTURE = 2n ** 62n;
const MIB = 1_048_576;
const HEARTBEAT_MS = 1_000;

export type Attack = (attacker: Attacker, seconds: number) => Promise<void>;

/** The next alive message of our own; each is newer than the one before. */
function ownNews({ identity, sign }: Attacker, more: object = {}): () => Uint8Array {
  const incNum = BigInt(Date.now()) * 1_000_000n;
  const pkiId = pkiIdBytes(identity.pkiId);
  let seqNum = 0n;
  return () => {
    seqNum += 1n;
    return aliveMessage({ pkiId, sign, incNum, seqNum, ...more });
  };
}

const ALIASES = 3_000;

/** Each message of another member, all with one certificate. */
function newsOfAliases(attacker: Attacker, more: object = {}): () => Uint8Array {
  const incNum = BigInt(Date.now()) * 1_000_000n;
  const { sign } = attacker;
  let seqNum = 1_000_000n;
  return () => {
    seqNum += 1n;
    const alias = attacker.alias(Number(seqNum) % ALIASES);
    const pkiId = pkiIdBytes(alias.pkiId);
    return aliveMessage({ pkiId, sign, incNum, seqNum, certificate: alias.bytes, ...more });
  };
}

/** Joins as an honest member would, and learns of everybody. */
async function join(attacker: Attacker): Promise<{ link: HostileLink; others: readonly Alive[] }> {
  attacker.keepsReceived = true;
  const link = await attacker.connect();
  const news = ownNews(attacker, { certificate: attacker.identity.bytes });
  link.send(membershipRequest(news()));
  // Who shows no life is dead after a while, and disconnected.
  setInterval(() => link.send(news()), HEARTBEAT_MS).unref();
  let others: readonly Alive[] = [];
  for (let tries = 0; others.length === 0 && tries < 200; tries++) {
    await sleep(20);
    others = attacker.received.flatMap(listed);
  }
  attacker.keepsReceived = false;
  attacker.received.length = 0;
  return { link, others: others.filter(({ pkiId }) => pkiId !== attacker.identity.pkiId) };
}

function listed(bytes: Uint8Array): Alive[] {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!message.ok || message.value.content?.type !== "membership-response") return [];
  return message.value.content.value.alive.flatMap((entry) => {
    const alive = parseAlive(entry);
    return alive.ok ? [alive.value] : [];
  });
}

/** A well-formed signature, but of something else: it has to be calculated to be found wrong. */
function wrongly({ sign }: Attacker): () => Uint8Array {
  const signature = sign(new Uint8Array([1]));
  return () => signature;
}

/** Alive messages in the names of others, each newer than the last. */
function forgedNews(attacker: Attacker, others: readonly Alive[]): () => Uint8Array {
  const sign = wrongly(attacker);
  let seqNum = 0n;
  return () => {
    seqNum += 1n;
    const victim = others[Number(seqNum) % others.length];
    const pkiId = victim ? pkiIdBytes(victim.pkiId) : randomId();
    return aliveMessage({ pkiId, sign, incNum: FAR_FUTURE, seqNum, internalEndpoint: "h:1" });
  };
}

/** Several connections, each of them a flood of its own; together as fast as one. */
async function floodAll(
  links: readonly HostileLink[],
  next: () => Uint8Array,
  seconds: number,
): Promise<void> {
  await Promise.all(links.map((link) => flood(link, next, seconds)));
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  /** Nothing: what the machine itself does to the numbers. */
  async nothing(_attacker, seconds) {
    await sleep(seconds * 1_000);
  },

  async "forged news"(attacker, seconds) {
    const { link, others } = await join(attacker);
    await flood(link, forgedNews(attacker, others), seconds);
  },

  async "own news, ever newer"(attacker, seconds) {
    const { link } = await join(attacker);
    await flood(link, ownNews(attacker), seconds);
  },

  async "news of unknown authors"(attacker, seconds) {
    const { link } = await join(attacker);
    const sign = wrongly(attacker);
    const make = () => aliveMessage({ pkiId: randomId(), sign, incNum: 1n, seqNum: 1n });
    await flood(link, inTurn(times(20_000, make)), seconds);
  },

  async "news with certificates that are not theirs"(attacker, seconds) {
    const { link } = await join(attacker);
    const certificate = attacker.identity.bytes;
    const sign = wrongly(attacker);
    // A changed byte in the middle of the text: another certificate, whose chain must be looked at.
    const make = (index: number) => {
      const changed = certificate.slice();
      const at = 300 + (index % 200);
      changed[at] = (changed[at] ?? 0) ^ 1;
      return aliveMessage({
        pkiId: randomId(),
        sign,
        incNum: 1n,
        seqNum: 1n,
        certificate: changed,
      });
    };
    await flood(link, inTurn(times(5_000, make)), seconds);
  },

  async garbage(attacker, seconds) {
    const { link } = await join(attacker);
    await flood(link, inTurn(times(1_000, () => randomBytes(300))), seconds);
  },

  async "messages of 60,000 fields"(attacker, seconds) {
    const { link } = await join(attacker);
    await flood(link, inTurn([manyFields(120_000), manyFields(119_000)]), seconds);
  },

  async "messages of 15 MiB"(attacker, seconds) {
    const { link } = await join(attacker);
    await flood(link, inTurn([manyFields(15 * MIB)]), seconds);
  },

  async "hellos and requests"(attacker, seconds) {
    const { link, others } = await join(attacker);
    const items = others.map(({ pkiId }) => pkiId);
    const pairs = times(8, (i) => [
      hello(BigInt(i)),
      ...times(50, () => request(BigInt(i), items)),
    ]);
    await flood(link, inTurn(pairs.flat()), seconds);
  },

  async "membership requests"(attacker, seconds) {
    const { link } = await join(attacker);
    await flood(link, inTurn([membershipRequest(ownNews(attacker)())]), seconds);
  },

  async "membership requests, each signed anew"(attacker, seconds) {
    const { link } = await join(attacker);
    const news = ownNews(attacker);
    await flood(link, () => membershipRequest(news()), seconds);
  },

  async "updates nobody asked for"(attacker, seconds) {
    const { link } = await join(attacker);
    const { identity, sign } = attacker;
    const item = identityItem(pkiIdBytes(identity.pkiId), identity.bytes, sign);
    const items = times(1_000, () => item);
    await flood(link, inTurn(times(8, (i) => update(BigInt(i), items))), seconds);
  },

  async "lists of forged news"(attacker, seconds) {
    const { link, others } = await join(attacker);
    const next = forgedNews(attacker, others);
    const lists = times(3, () => membershipResponse(times(9_000, next)));
    await flood(link, inTurn(lists), seconds);
  },

  async "lists of own news"(attacker, seconds) {
    const { link } = await join(attacker);
    const next = ownNews(attacker);
    const lists = times(2, () => membershipResponse(times(9_000, next)));
    await flood(link, inTurn(lists), seconds);
  },

  async "lists of 100,000 entries"(attacker, seconds) {
    const { link, others } = await join(attacker);
    const entry = forgedNews(attacker, others)();
    const ids = times(100_000, randomId);
    const lists = [membershipResponse(times(100_000, () => entry)), digest(1n, ids)];
    await flood(link, inTurn(lists), seconds);
  },

  async "everybody listed as dead"(attacker, seconds) {
    const { link, others } = await join(attacker);
    const genuine = others.map(({ envelope }) => envelope.bytes);
    const next = forgedNews(attacker, others);
    const lists = [membershipResponse([], genuine), membershipResponse([], times(100, next))];
    await flood(link, inTurn(lists), seconds);
  },

  async "others' endpoints as one's own"(attacker, seconds) {
    const { link, others } = await join(attacker);
    const endpoints = others.map(
      ({ internalEndpoint = "", endpoint }) => internalEndpoint || endpoint,
    );
    const incNum = BigInt(Date.now()) * 1_000_000n + 1n;
    const pkiId = pkiIdBytes(attacker.identity.pkiId);
    const { sign, identity } = attacker;
    let seqNum = 0n;
    const next = () => {
      seqNum += 1n;
      const internalEndpoint = endpoints[Number(seqNum) % endpoints.length] ?? "";
      const certificate = identity.bytes;
      const endpoint = internalEndpoint;
      return aliveMessage({ pkiId, sign, incNum, seqNum, endpoint, internalEndpoint, certificate });
    };
    await flood(link, next, seconds, 50_000);
  },

  async "the largest metadata, the far future"(attacker, seconds) {
    const { link } = await join(attacker);
    const metadata = randomBytes(7_000);
    const pkiId = pkiIdBytes(attacker.identity.pkiId);
    let seqNum = 2n ** 63n;
    const next = () => {
      seqNum += 1n;
      const incNum = 2n ** 64n - 1n;
      return aliveMessage({ pkiId, sign: attacker.sign, incNum, seqNum, metadata });
    };
    await flood(link, next, seconds);
  },

  async "much asked for, nothing read"(attacker, seconds) {
    const { link, others } = await join(attacker);
    link.stream.pause();
    const items = others.map(({ pkiId }) => pkiId);
    const ask = membershipRequest(ownNews(attacker)());
    const asks = times(100, (i) => [ask, hello(BigInt(i)), request(BigInt(i), items)]).flat();
    await flood(link, inTurn(asks), seconds);
  },

  async "one byte a second"(attacker, seconds) {
    const links = await Promise.all(times(3, () => attacker.connect()));
    const frame = new Uint8Array(5);
    new DataView(frame.buffer).setUint32(1, 15 * MIB);
    for (const { stream } of links) stream.write(frame);
    for (let second = 0; second < seconds; second++) {
      for (const { stream } of links) stream.write(new Uint8Array(1));
      await sleep(1_000);
    }
  },

  async "messages begun and never ended"(attacker, seconds) {
    const frame = new Uint8Array(5 + 15 * MIB);
    new DataView(frame.buffer).setUint32(1, 15 * MIB + 1);
    const links = await Promise.all(times(4, () => attacker.connect()));
    for (const { stream } of links) stream.write(frame);
    await sleep(seconds * 1_000);
  },

  async "one certificate, any number of members"(attacker, seconds) {
    // It says nothing under its first name, which would be given up for the next.
    const link = await attacker.connect();
    await flood(link, newsOfAliases(attacker), seconds);
  },

  /** Nobody there speaks gossip; whoever is told dials it. */
  async "one address announced by any number of members"(attacker, seconds) {
    let dials = 0;
    const trap = createServer((socket) => {
      dials += 1;
      socket.on("error", () => {});
    });
    trap.listen(0, "127.0.0.1");
    await once(trap, "listening");
    const address = trap.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    try {
      const link = await attacker.connect();
      const next = newsOfAliases(attacker, { endpoint: `localhost:${port}` });
      await flood(link, next, seconds);
    } finally {
      trap.close();
    }
    const most = 20 + 6 * seconds;
    if (dials > most) throw new Error(`the address was dialled ${dials} times`);
  },

  async "1,000 connections of one certificate"(attacker, seconds) {
    const endMs = performance.now() + seconds * 1_000;
    let number = 0;
    const batch = async (): Promise<void> => {
      while (number < 1_000 && performance.now() < endMs) {
        await attacker.connect(attacker.alias(number++)).catch(() => {});
      }
    };
    await Promise.all(times(20, batch));
    await sleep(Math.max(0, endMs - performance.now()));
  },

  async "1,000 connections of one identity"(attacker, seconds) {
    const endMs = performance.now() + seconds * 1_000;
    const connect = async (): Promise<void> => {
      await attacker.connect().catch(() => {});
    };
    const batch = async (): Promise<void> => {
      for (let i = 0; i < 20 && performance.now() < endMs; i++) await connect();
    };
    await Promise.all(times(50, batch));
    await sleep(Math.max(0, endMs - performance.now()));
  },

  async "1,000 silent TLS connections"(attacker, seconds) {
    const endMs = performance.now() + seconds * 1_000;
    // Whichever is cut is replaced, so that there are always as many as can be.
    const keepSilent = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const socket = await attacker.connectSilently();
        const isClosed = socket.closed ? Promise.resolve() : once(socket, "close");
        await Promise.race([
          isClosed,
          sleep(Math.max(0, endMs - performance.now()), undefined, { ref: false }),
        ]);
        await sleep(100);
      }
    };
    await Promise.all(times(1_000, keepSilent));
  },

  async "connections that come and go"(attacker, seconds) {
    const endMs = performance.now() + seconds * 1_000;
    const comeAndGo = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const link = await attacker.connect().catch(() => undefined);
        link?.close();
        if (link === undefined) await sleep(10);
      }
    };
    await Promise.all(times(20, comeAndGo));
  },

  async "three floods at once"(attacker, seconds) {
    const { link, others } = await join(attacker);
    const more = await Promise.all([attacker.connect(), attacker.connect()]);
    await floodAll([link, ...more], forgedNews(attacker, others), seconds);
  },
};
