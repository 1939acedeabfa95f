/** For tests: what happens in a world, a line for each thing that somebody hears or finds out. */
import { toHex } from "../wire/bytes.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import type { Content } from "../wire/messages.ts";
import { parseAlive } from "../wire/received.ts";
import type { TestNode, World } from "./testing.ts";
import type { CoreEvent } from "./types/event.ts";
import type { Input } from "./types/input.ts";

/** Collects from now on. A tick or an answer is told only if something follows from it. */
export function traceOf(world: World): () => string {
  const lines: string[] = [];
  const startMs = world.now().elapsedMs;
  const told = new Map<TestNode, { events: number; drops: number }>();
  const give = world.give;
  for (const node of world.nodes.values()) note(told, node);
  world.give = (node, input) => {
    const line = lines.push("") - 1;
    const atMs = world.now().elapsedMs - startMs;
    give(node, input);
    const { events, drops } = told.get(node) ?? { events: 0, drops: 0 };
    const changes = [
      ...node.events.slice(events).map((event) => nameEvent(world, event)),
      ...node.drops.slice(drops).map((code) => `not used: ${code}`),
    ];
    note(told, node);
    const [who, what] = nameInput(world, node, input);
    if (changes.length === 0 && input.type !== "message") return;
    const time = `${atMs.toFixed(0)} ms`.padStart(9);
    const start = `${time}  ${who.padEnd(8)}  ${what}`;
    lines[line] = changes.length === 0 ? start : `${start.padEnd(78)}  => ${changes.join(", ")}`;
  };
  return () => `${lines.filter((line) => line !== "").join("\n")}\n`;
}

function note(told: Map<TestNode, { events: number; drops: number }>, node: TestNode): void {
  told.set(node, { events: node.events.length, drops: node.drops.length });
}

function nameInput(world: World, node: TestNode, input: Input): readonly [string, string] {
  switch (input.type) {
    case "message":
      return [`${nameOf(world, input.from)} -> ${node.name}`, nameMessage(world, input.bytes)];
    case "pinged": {
      const answer = input.reachable ? "an answer" : "no answer";
      return [node.name, `a ping of ${nameOf(world, input.pkiId)}: ${answer}`];
    }
    case "identified":
      return [node.name, `a probe of ${input.endpoint}: ${input.fault?.code ?? "answered"}`];
    case "connected":
      return [node.name, `connected with ${nameOf(world, input.identity.pkiId)}`];
    case "connection-closed":
    case "connection-lost":
    case "send-failed":
      return [node.name, `${input.type}: ${nameOf(world, input.pkiId)}`];
    default:
      return [node.name, input.type];
  }
}

function nameMessage(world: World, bytes: Uint8Array): string {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!message.ok) return `undecodable: ${message.code}`;
  const { content } = message.value;
  return content === undefined
    ? "no content"
    : `${content.type} ${nameContent(world, content)}`.trim();
}

function nameContent(world: World, content: Content): string {
  const ids = (digests: readonly Uint8Array[]): string =>
    listed(digests.map((id) => nameOf(world, toHex(id))));
  switch (content.type) {
    case "alive": {
      const { membership, timestamp, identity } = content.value;
      const author = nameOf(world, toHex(membership?.pkiId ?? new Uint8Array()));
      const certificate = identity.length > 0 ? " with its certificate" : "";
      return `of ${author}, sequence ${timestamp?.seqNum}${certificate}`;
    }
    case "membership-request":
      return `by ${nameAlive(world, content.value.selfInformation)}`;
    case "membership-response": {
      const { alive, dead } = content.value;
      const names = (list: readonly Uint8Array[]): string =>
        listed(list.map((one) => nameAlive(world, one)));
      return `alive: ${names(alive)}; dead: ${names(dead)}`;
    }
    case "digest":
    case "request":
      return `of ${ids(content.value.digests)}`;
    case "update":
      return `of ${listed(content.value.data.map((item) => nameItem(world, item)))}`;
    default:
      return "";
  }
}

/** Whose identity is brought. */
function nameItem(world: World, bytes: Uint8Array): string {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  const content = message.ok ? message.value.content : undefined;
  return content?.type === "peer-identity" ? nameOf(world, toHex(content.value.pkiId)) : "nobody";
}

function nameAlive(world: World, bytes: Uint8Array): string {
  const alive = parseAlive(bytes);
  if (!alive.ok) return alive.code;
  return `${nameOf(world, alive.value.pkiId)} ${alive.value.time.seqNum}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "nobody" : names.join(" and ");
}

function nameEvent(world: World, event: CoreEvent): string {
  const reason = "reason" in event ? ` (${event.reason})` : "";
  if ("member" in event) return `${event.type} ${nameOf(world, event.member.pkiId)}${reason}`;
  if ("identity" in event) return `${event.type} ${nameOf(world, event.identity.pkiId)}${reason}`;
  return event.type;
}

function nameOf(world: World, pkiId: string): string {
  for (const { identity, name } of world.nodes.values()) if (identity.pkiId === pkiId) return name;
  return pkiId.slice(0, 8);
}
