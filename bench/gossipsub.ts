/**
 * Members of a libp2p gossipsub topic in this process, over TCP on loopback: each says every five seconds
 * that it lives, in as many bytes as our heartbeats have. The packages are used if they are installed:
 * `npm install --no-save libp2p @libp2p/tcp @libp2p/identify @libp2p/gossipsub @chainsafe/libp2p-noise
 * @chainsafe/libp2p-yamux`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { mean, round, waitFor } from "./measure.ts";

const TOPIC = "alive";
const HEARTBEAT_MS = 5_000;
const HEARTBEAT_BYTES = 240;
/** Members that each dials besides the first: gossipsub has no bootstrap list. */
const DIALLED = 3;
const CONVERGE_MAX_MS = 60_000;

/** The parts of the packages that we use; their types are not available here. */
interface Member {
  readonly peerId: { toString(): string };
  readonly services: { readonly pubsub: PubSub };
  getMultiaddrs(): readonly unknown[];
  getConnections(): readonly unknown[];
  dial(address: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

interface PubSub {
  subscribe(topic: string): void;
  publish(topic: string, data: Uint8Array): Promise<unknown>;
  addEventListener(name: "message", heard: (event: Heard) => void): void;
}

interface Heard {
  readonly detail: { readonly from?: { toString(): string }; readonly data: Uint8Array };
}

/** Counts the bytes of the messages that members send, as a register of their metrics. */
class SentBytes {
  total = 0;

  gauge({ name }: { readonly name: string }): object {
    if (name !== "gossipsub_rpc_sent_bytes_total") return IGNORED;
    const inc = (bytes: number): void => {
      this.total += bytes;
    };
    return { ...IGNORED, inc };
  }

  histogram(): object {
    return IGNORED;
  }

  avgMinMax(): object {
    return IGNORED;
  }
}

/** A metric of any kind that counts nothing. */
const IGNORED = {
  inc() {},
  set() {},
  addCollect() {},
  observe() {},
  reset() {},
  startTimer: () => () => {},
};

type Make = (metricsRegister?: SentBytes) => Promise<Member>;

const PACKAGES = [
  ["libp2p", "createLibp2p"],
  ["@libp2p/tcp", "tcp"],
  ["@libp2p/identify", "identify"],
  ["@libp2p/gossipsub", "gossipsub"],
  ["@chainsafe/libp2p-noise", "noise"],
  ["@chainsafe/libp2p-yamux", "yamux"],
] as const;

/** Creates members; a sentence if a package is missing. */
async function findPackages(): Promise<Make | string> {
  const found = [];
  for (const [name, part] of PACKAGES) {
    try {
      const loaded = await import(name);
      found.push(loaded[part]);
    } catch {
      const all = PACKAGES.map(([one]) => one).join(" ");
      return `${name} is not installed; run npm install --no-save ${all}`;
    }
  }
  const [createLibp2p, tcp, identify, gossipsub, noise, yamux] = found;
  return (metricsRegister) =>
    createLibp2p({
      addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: {
        inboundConnectionThreshold: 1_000,
        maxIncomingPendingConnections: 1_000,
      },
      services: {
        identify: identify(),
        pubsub: gossipsub({
          allowPublishToZeroTopicPeers: true,
          emitSelf: true,
          metricsRegister,
          metricsTopicStrToLabel: new Map(),
        }),
      },
    });
}

export async function benchGossipsub(
  count: number,
  seconds: number,
  settleSeconds: number,
): Promise<object> {
  const make = await findPackages();
  if (typeof make === "string") return { error: make };
  const rssBefore = process.memoryUsage.rss();
  const startedMs = performance.now();
  const sent = new SentBytes();
  const members = await Promise.all(Array.from({ length: count }, () => make(sent)));
  const heard = members.map(listen);
  const timers = members.map((member) => setInterval(() => speak(member), HEARTBEAT_MS));
  await connectAll(members);
  await Promise.all(members.map(speak));
  const isComplete = (): boolean => heard.every((names) => names.size === count - 1);
  const waitedMs = await waitFor(isComplete, CONVERGE_MAX_MS);
  const convergeMs = waitedMs === undefined ? null : Math.round(performance.now() - startedMs);
  await sleep(settleSeconds * 1_000);
  const bytesBefore = sent.total;
  const { cpuMs, memberSeconds } = await watch(count, seconds);
  const connections = mean(members.map((one) => one.getConnections().length));
  const result = {
    members: count,
    convergeMs,
    cpuMsPerMemberSecond: round(cpuMs / memberSeconds, 2),
    bytesPerMemberSecond: Math.round((sent.total - bytesBefore) / memberSeconds),
    connectionsPerMember: round(connections, 1),
    rssMbPerMember: round((process.memoryUsage.rss() - rssBefore) / count / 1e6, 2),
  };
  for (const timer of timers) clearInterval(timer);
  await stopAll(members);
  return connections < 1 ? { error: "its members lost their connections" } : result;
}

async function watch(
  count: number,
  seconds: number,
): Promise<{ cpuMs: number; memberSeconds: number }> {
  const [before, startedMs] = [process.cpuUsage(), performance.now()];
  await sleep(seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  const memberSeconds = ((performance.now() - startedMs) / 1_000) * count;
  return { cpuMs: (user + system) / 1_000, memberSeconds };
}

/** Members of one topic that know each other, for any bytes. */
export interface GossipsubTopic {
  /** Calls with each message that a member gets, its own included. */
  listen(heard: (member: number, data: Uint8Array) => void): void;
  readonly publish: (member: number, data: Uint8Array) => Promise<unknown>;
  close(): Promise<void>;
}

/** A topic with this many members; a sentence if a package is missing. */
export async function openGossipsubTopic(count: number): Promise<GossipsubTopic | string> {
  const make = await findPackages();
  if (typeof make === "string") return make;
  const members = await Promise.all(Array.from({ length: count }, () => make()));
  for (const { services } of members) services.pubsub.subscribe(TOPIC);
  await connectAll(members);
  return {
    listen(heard) {
      for (const [index, { services }] of members.entries()) {
        services.pubsub.addEventListener("message", ({ detail }) => heard(index, detail.data));
      }
    },
    async publish(index, data) {
      await members[index]?.services.pubsub.publish(TOPIC, data);
    },
    close: () => stopAll(members),
  };
}

async function stopAll(members: readonly Member[]): Promise<void> {
  await Promise.race([Promise.all(members.map((member) => member.stop())), sleep(5_000)]);
}

/** The members it has heard; the set grows. */
function listen({ peerId, services: { pubsub } }: Member): ReadonlySet<string> {
  const names = new Set<string>();
  const own = peerId.toString();
  pubsub.subscribe(TOPIC);
  pubsub.addEventListener("message", ({ detail }) => {
    const from = String(detail.from ?? own);
    if (from !== own) names.add(from);
  });
  return names;
}

async function speak({ services: { pubsub } }: Member): Promise<void> {
  await pubsub.publish(TOPIC, crypto.getRandomValues(new Uint8Array(HEARTBEAT_BYTES)));
}

/** Each dials the first member, and some of its successors. */
async function connectAll(members: readonly Member[]): Promise<void> {
  const dials = members.flatMap((member, i) => {
    const steps = Array.from({ length: DIALLED }, (_, k) => i + 1 + k * k * 3);
    const others = new Set([0, ...steps.map((step) => step % members.length)]);
    others.delete(i);
    return [...others].map((other) => member.dial(members[other]?.getMultiaddrs()[0]));
  });
  await Promise.allSettled(dials);
}
