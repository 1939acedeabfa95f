/** Networks larger and ruder than this machine can run, behind the real pages, servers and streams. */
import { EventEmitter, on } from "node:events";
import type { MemberRow } from "../../src/devnet/supervisor.ts";
import type { EventContent, GossipEvent } from "../../src/observe/events.ts";
import type { Json } from "../../src/observe/json.ts";
import type { MessageBatch, TappedMessage } from "../../src/observe/message-tap.ts";
import type { Connection, Member } from "../../src/observe/views.ts";
import { addDashboard } from "../../src/ops/dashboard.ts";
import { addEvents } from "../../src/ops/events.ts";
import { createApp, type HttpApp, serve } from "../../src/ops/http-server.ts";
import { addMessages } from "../../src/ops/messages.ts";
import { addStagedChannels, type StagedChannel } from "./staged-channel.ts";

const DAY_MS = 86_400_000;
const ORGANISATIONS = 4;
const HEARTBEAT_MS = 1_500;

/** The one of a crowd that is alive, but should have been heard of long ago. */
export const LATE = 11;

/** When the stage is taken down: what a test has, or a suite makes. */
export interface Ending {
  after(close: () => unknown): void;
}

/** What happens on the stage: a test calls, the pages are told. */
export interface Stage {
  readonly url: string;
  readonly happen: (event: EventContent) => void;
  readonly pass: (messages: readonly TappedMessage[]) => void;
}

/**
 * So many members of four organisations, the first one ourselves: of every 40 one is dead, and their
 * heartbeats go on with time.
 */
export function createCrowd(count: number): () => Json<Member>[] {
  const startedMs = Date.now();
  return () =>
    Array.from({ length: count }, (_, index) => {
      const isDead = index % 40 === 7;
      const aliveMs = Date.now() - startedMs + index * 37;
      const isSilent = isDead || index === LATE;
      const beat = isSilent ? 0 : Math.floor(aliveMs / HEARTBEAT_MS);
      const ageMs = isSilent ? 60_000 : aliveMs % HEARTBEAT_MS;
      const organisation = (index % ORGANISATIONS) + 1;
      return {
        pkiId: index.toString(16).padStart(64, "0"),
        mspId: `Org${organisation}MSP`,
        endpoint: `peer${index}.org${organisation}.example.com:7051`,
        internalEndpoint: null,
        metadata: "",
        tags: tagsOf(index),
        status: isDead ? "dead" : "alive",
        incarnation: "1",
        sequence: String(beat),
        lastSeen: new Date(Date.now() - ageMs).toISOString(),
        since: new Date(startedMs - index * 60_000).toISOString(),
        identityExpires: new Date(startedMs + (index - 2.5) * DAY_MS).toISOString(),
        self: index === 0,
      };
    });
}

/** Every tenth member is a shop, and every tenth one has a role that begins alike. */
function tagsOf(index: number): Readonly<Record<string, string>> {
  if (index % 10 === 3) return { role: "shop", http: `10.0.0.${index}:80` };
  return index % 10 === 6 ? { role: "shopping" } : {};
}

function connectionTo({ pkiId, mspId, endpoint }: Json<Member>): Json<Connection> {
  return {
    pkiId,
    mspId: mspId ?? "",
    endpoint,
    outbound: true,
    openedAt: "2026-01-01T00:00:00.000Z",
    isPreferred: true,
    messagesReceived: 1,
    messagesSent: 1,
    bytesReceived: 1,
    bytesSent: 1,
    queued: 0,
    dropped: 0,
  };
}

/** The page of a member that sees these, and is connected with the first eight of them. */
export async function stageMember(
  t: Ending,
  members: () => Json<Member>[],
  channels: readonly StagedChannel[] = [],
): Promise<Stage> {
  const emitter = new EventEmitter();
  let id = 0;
  async function* events(): AsyncGenerator<GossipEvent> {
    for await (const [content] of on(emitter, "event")) {
      id += 1;
      yield { id, time: new Date().toISOString(), ...content };
    }
  }
  async function* messages(signal: AbortSignal): AsyncGenerator<MessageBatch, undefined> {
    try {
      for await (const [batch] of on(emitter, "messages", { signal })) {
        yield { messages: batch, skipped: 0 };
      }
    } catch {
      // Nobody reads any more.
    }
    return undefined;
  }
  const url = await serveStage(t, (app) => {
    app.get("/api/v1/members", (context) => context.json(members()));
    app.get("/api/v1/connections", (context) =>
      context.json(members().slice(1, 9).map(connectionTo)),
    );
    addStagedChannels(app, channels);
    addEvents(app, { events });
    addMessages(app, { messages });
    addDashboard(app, "member");
  });
  return {
    url,
    happen: (event) => emitter.emit("event", event),
    pass: (batch) => emitter.emit("messages", batch),
  };
}

/** The page of a devnet whose members all see each other, and never change. Nothing can be done to them. */
export function stageDevnet(t: Ending, count: number): Promise<string> {
  const crowd = createCrowd(count);
  const names = Array.from(
    { length: count },
    (_, index) => `peer${Math.floor(index / ORGANISATIONS)}.org${(index % ORGANISATIONS) + 1}`,
  );
  const byName = <T>(value: (index: number) => T): Record<string, T> =>
    Object.fromEntries(names.map((name, index) => [name, value(index)]));
  return serveStage(t, (app) => {
    app.get("/api/v1/devnet", (context) => {
      const members: MemberRow[] = crowd().map(({ mspId, endpoint }, index) => ({
        name: names[index] ?? "",
        mspId: mspId ?? "",
        endpoint,
        operations: "http://127.0.0.1:1",
        pid: index + 1,
        status: "running",
      }));
      return context.json({ members });
    });
    app.get("/api/v1/devnet/views", (context) => {
      const seen = crowd().map((member) => ({ ...member, status: "alive", self: false }));
      return context.json(
        byName((observer) => seen.map((each, index) => ({ ...each, self: index === observer }))),
      );
    });
    app.get("/api/v1/devnet/connections", (context) => {
      const members = crowd();
      return context.json(
        byName((index) =>
          [1, 2, 5].flatMap((step) => members[(index + step) % count] ?? []).map(connectionTo),
        ),
      );
    });
    app.get("/api/v1/devnet/partition", (context) => context.json({ groups: [] }));
    app.get("/api/v1/devnet/channel", (context) =>
      context.json({
        ...{ name: "ch1", height: 12, blocksPerMinute: 30, refused: [] },
        heights: byName((index) => (index === 1 ? 9 : 12)),
        lagging: names.slice(1, 2),
      }),
    );
    addDashboard(app, "devnet");
  });
}

async function serveStage(t: Ending, fill: (app: HttpApp) => void): Promise<string> {
  const listen = { host: "127.0.0.1", port: 0 };
  const app = createApp(listen);
  fill(app);
  const server = await serve(app, listen, undefined, { what: "the test", remedy: "none" });
  t.after(() => server.close());
  return server.url;
}

/** A message as the tap tells of it. */
export function messageOf(id: number, changes: Partial<TappedMessage> = {}): TappedMessage {
  return {
    id,
    time: new Date(),
    direction: id % 2 === 0 ? "sent" : "received",
    pkiId: null,
    remote: "10.0.0.1:7051",
    type: "hello",
    bytes: 19,
    envelope: { message: { hello: { nonce: String(id), msg_type: "IDENTITY_MSG" } } },
    ...changes,
  };
}
