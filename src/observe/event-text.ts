/** Events in words: one line each, for the log and for the verb `events`. */
import { tellWithRemedy, toldOfMessage } from "./diagnosis/causes.ts";
import type * as events from "./events.ts";
import type { Json } from "./json.ts";
import type { LogFields } from "./log.ts";

/** As it travels over HTTP, so that who reads it there prints the same line. */
type GossipEvent = Json<events.GossipEvent>;
type TextOf<T extends GossipEvent["type"]> = Extract<GossipEvent, { readonly type: T }>;

/** An event as a line of the log. */
interface EventText {
  /** The part of Fabric that would log it. */
  readonly logger:
    | "gossip"
    | "gossip.discovery"
    | "gossip.gossip"
    | "gossip.comm"
    | "gossip.channel";
  readonly level: "debug" | "info" | "warn" | "error";
  readonly text: string;
  readonly fields: LogFields;
}

/** The event in one line. What peers send is in it: whoever prints it escapes control characters. */
export function describeEvent(event: GossipEvent): EventText {
  if ("channel" in event) {
    return "number" in event || "block" in event
      ? describeBlockEvent(event)
      : describeChannel(event);
  }
  switch (event.type) {
    case "member-joined":
    case "member-returned":
    case "member-updated":
    case "member-dead":
    case "member-forgotten":
      return describeMember(event);
    case "identity-learnt":
    case "identity-expiring":
    case "identity-purged":
      return describeIdentity(event);
    case "tls-certificate-expiring":
      return describeTls(event);
    case "connection-opened":
    case "connection-closed":
    case "send-failed":
    case "handshake-failed":
      return describeConnection(event);
    case "message-rejected":
      return describeRejection(event);
    case "contact-failed": {
      const { endpoint, code, reason, remedy } = event;
      const text = `could not join ${endpoint}, trying again: ${reason} (${code})${advice(remedy)}`;
      return { logger: "gossip.discovery", level: "warn", text, fields: {} };
    }
    case "problem": {
      const { code, reason, remedy } = event;
      const text = `${reason}${advice(remedy)}`;
      return { logger: "gossip", level: levelOf(code), text, fields: { code } };
    }
    case "problem-solved": {
      const { code } = event;
      return { logger: "gossip", level: "info", text: `over: ${code}`, fields: { code } };
    }
    case "same-identity": {
      const text = tellWithRemedy({ code: event.type, detail: event.endpoint });
      return { logger: "gossip", level: "debug", text, fields: {} }; // The problem follows.
    }
    case "subscriber-lagging": {
      const text = `a subscriber does not keep up, and has lost events of the topic ${JSON.stringify(event.topic)}`;
      return { logger: "gossip", level: "warn", text, fields: {} };
    }
    case "answer-failed": {
      const { topic, reason } = event;
      const text = `could not answer a query of the topic ${JSON.stringify(topic)}: ${reason}`;
      return { logger: "gossip", level: "warn", text, fields: {} };
    }
    case "signing-failed": {
      const text = `could not sign our ${event.detail}, trying again`;
      return { logger: "gossip.gossip", level: "error", text, fields: {} };
    }
  }
}

function describeRejection(event: Extract<GossipEvent, { type: "message-rejected" }>): EventText {
  const { code, times = 1 } = event;
  const { reason, remedy = null } = toldOfMessage(code);
  const what = reason === code ? code : `${reason} (${code})`;
  const text = `rejected ${times > 1 ? `${times} messages` : "a message"}: ${what}${advice(remedy)}`;
  return { logger: "gossip.gossip", level: "warn", text, fields: peer(event) };
}

function advice(remedy: string | null): string {
  return remedy ? `. ${remedy}` : "";
}

const PASSING: ReadonlySet<string> = new Set(["alone", "clock-was-ahead"]);

/** Some pass by themselves; the rest does not. */
function levelOf(code: string): EventText["level"] {
  return PASSING.has(code) ? "warn" : "error";
}

function describeMember(event: Extract<GossipEvent, { member: object }>): EventText {
  const { member } = event;
  const name = named(member.internalEndpoint || member.endpoint) || member.pkiId.slice(0, 16);
  const line = (level: EventText["level"], text: string): EventText => ({
    logger: "gossip.discovery",
    level,
    text: `${name} ${text}`,
    fields: peer(member),
  });
  switch (event.type) {
    case "member-updated":
      return line("debug", "updated");
    case "member-joined":
      return line("info", "joined");
    case "member-returned":
      return line("info", "is back");
    case "member-dead":
      return line("warn", `is dead: ${event.reason}`);
    case "member-forgotten":
      return line("info", `forgotten: ${event.reason}`);
  }
}

/** An endpoint as it is announced; one that could pass for more of the line stands in quotes. */
function named(endpoint: string): string {
  return /^[^\s"=]*$/.test(endpoint) ? endpoint : JSON.stringify(endpoint);
}

function describeIdentity(
  event: Extract<GossipEvent, { identity: { subject: string } }>,
): EventText {
  const { subject, notAfter, self } = event.identity;
  const line = (level: EventText["level"], text: string): EventText => ({
    logger: "gossip.gossip",
    level,
    text,
    fields: peer(event.identity),
  });
  switch (event.type) {
    case "identity-learnt":
      return line("debug", `learnt the identity of ${subject}`);
    case "identity-expiring":
      return line(
        "warn",
        `${self ? "our own" : "the"} certificate of ${subject} expires at ${notAfter}`,
      );
    case "identity-purged":
      return line("info", `forgot the identity of ${subject}: ${event.reason}`);
  }
}

function describeTls({ use, notAfter }: TextOf<"tls-certificate-expiring">): EventText {
  const whose = use === "operations" ? "of the operations endpoint" : `(${use})`;
  const text = `our own TLS certificate ${whose} expires at ${notAfter}`;
  return { logger: "gossip", level: "warn", text, fields: {} };
}

type ConnectionEvent = Extract<
  GossipEvent,
  { type: "connection-opened" | "connection-closed" | "send-failed" | "handshake-failed" }
>;

function describeConnection(event: ConnectionEvent): EventText {
  const logger = "gossip.comm";
  switch (event.type) {
    case "connection-opened": {
      const text = `connected ${event.outbound ? "to" : "from"} ${event.remote}`;
      return { logger, level: "debug", text, fields: peer(event) };
    }
    case "connection-closed": {
      const text = `connection closed: ${event.reason}`;
      return { logger, level: "debug", text, fields: peer(event) };
    }
    case "send-failed": {
      const { endpoint, reason, remedy } = event;
      const text = `could not send to ${endpoint || "a peer"}: ${reason}${advice(remedy)}`;
      // It may run, and never learn that its endpoint leads to somebody else.
      const level = event.code === "wrong-peer" ? "info" : "debug";
      return { logger, level, text, fields: { ...peer(event), code: event.code } };
    }
    case "handshake-failed": {
      const text = `${handshakeFailed(event)}: ${event.reason}`;
      // Any port scanner can cause these.
      const isTls = /^(tls-client-|tls-refused-|no-tls-)/.test(event.code);
      const line = { logger, level: isTls ? "info" : "warn" } as const;
      return { ...line, text: `${text}${advice(event.remedy)}`, fields: { code: event.code } };
    }
  }
}

/** Codes of handshakes that we did not refuse ourselves, or not for sure. */
const THEIRS = /^(tls-client-refuses-us|tls-refused-|handshake-closed$|message-too-large$)/;

function handshakeFailed({ remote, code }: TextOf<"handshake-failed">): string {
  return THEIRS.test(code)
    ? `a handshake with ${remote} failed`
    : `refused a handshake from ${remote}`;
}

/** Lines of a change of configuration that the log holds; the event has them all. */
const CHANGES_MAX = 10;

function describeBlockEvent(
  event: TextOf<"channel-config-changed" | "block" | "block-rejected" | "block-conflict">,
): EventText {
  const { channel } = event;
  const line = (level: EventText["level"], text: string, fields: LogFields = {}): EventText => ({
    ...{ logger: "gossip.channel", level, text },
    fields: { channel, ...fields },
  });
  switch (event.type) {
    case "block": {
      const { number, transactions, from } = event.block;
      return line("debug", `block ${number} with ${transactions} transactions came from ${from}`);
    }
    case "block-rejected": {
      const text = `a member of ${event.mspId} gave a block ${event.number} that is not believed: ${event.reason}`;
      return line("debug", text, { ...peer(event), code: event.code }); // The problem follows.
    }
    case "block-conflict":
      return line("debug", `${event.channel}: ${event.reason}`, peer(event)); // Likewise.
    case "channel-config-changed": {
      const changes = [
        ...event.added.map((fact) => `added ${fact}`),
        ...event.removed.map((fact) => `removed ${fact}`),
      ];
      const told = changes.slice(0, CHANGES_MAX);
      if (changes.length > told.length) told.push(`and ${changes.length - told.length} more`);
      const what = told.length > 0 ? told.join("; ") : "nothing that we name differs";
      const text = `configuration ${event.sequence} is in force since block ${event.number}: ${what}`;
      return line("info", text);
    }
  }
}

function describeChannel(
  event: TextOf<
    | "channel-height"
    | "channel-member-lagging"
    | "channel-member-recovered"
    | "channel-problem"
    | "channel-problem-solved"
  >,
): EventText {
  if ("code" in event) return describeProblem(event);
  const fields = { channel: event.channel, ...peer(event) };
  const line = (level: EventText["level"], text: string): EventText => ({
    logger: "gossip.channel",
    level,
    text,
    fields,
  });
  const who = `a member of ${event.mspId}`;
  switch (event.type) {
    case "channel-height":
      return line("debug", `${who} has ${event.height} blocks of ${event.channel}`);
    case "channel-member-lagging": {
      const { behind, lagSeconds } = event;
      const text = `${who} lags on ${event.channel}: ${behind} blocks behind for ${Math.round(lagSeconds)} s`;
      return line("warn", text);
    }
    case "channel-member-recovered":
      return line("info", `${who} has caught up on ${event.channel}: ${event.height} blocks`);
  }
}

function describeProblem(event: TextOf<"channel-problem" | "channel-problem-solved">): EventText {
  const { channel, code, mspId, pkiId, reason, remedy, severity } = event;
  const fields = { channel, code, ...(mspId === null ? {} : { mspId }) };
  const line = (level: EventText["level"], text: string): EventText => ({
    ...{ logger: "gossip.channel", level, text: `${channel}: ${text}` },
    fields: pkiId === null ? fields : { ...fields, peer: pkiId.slice(0, 16) },
  });
  if (event.type === "channel-problem-solved") return line("info", `over: ${reason}`);
  return line(severity === "error" ? "error" : "warn", `${reason} ${remedy}`);
}

function peer({ pkiId, mspId }: { pkiId: string; mspId?: string | null }): LogFields {
  return { peer: pkiId.slice(0, 16), ...(mspId === undefined ? {} : { mspId }) };
}
