/** What a program may say to other members: every mistake at once, each with its remedy. */
import { GossipError } from "../lib/errors.ts";
import { TAGS_BYTES_MAX, tagBytes } from "../messaging/rules/metadata.ts";
import type { Audience } from "../observe/topics.ts";
import {
  FILTER_ORGANISATIONS_MAX,
  MEMBER_PAYLOAD_BYTES_MAX,
  TAGS_MAX,
  TOPIC_BYTES_MAX,
} from "../wire/member-messages.ts";

const TEXT = new TextEncoder();
const MSP_ID_BYTES_MAX = 256;
const TIMEOUT_MS_MAX = 300_000;

type Tags = Readonly<Record<string, string>>;

/** Throws `config-invalid` unless these tags can be published; returns a copy of them. */
export function checkTags(tags: unknown): Tags {
  const problems: string[] = [];
  const copy = copyTags(tags, problems);
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  return copy;
}

/** Throws `message-invalid` unless this can be sent to members. */
export function checkSaying(topic: unknown, payload: unknown, audience: Audience): void {
  const problems = [...topicProblems(topic), ...payloadProblems(payload)];
  if (audience.tags !== undefined) copyTags(audience.tags, problems);
  problems.push(...organisationProblems(audience.organisations));
  if (problems.length > 0) throw new GossipError("message-invalid", problems);
}

/** Throws `message-invalid` unless this is a topic. */
export function checkTopic(topic: unknown): void {
  const problems = topicProblems(topic);
  if (problems.length > 0) throw new GossipError("message-invalid", problems);
}

/** Throws `message-invalid` unless one can wait so long for answers. */
export function checkTimeout(timeoutMs: unknown): void {
  const isRight =
    typeof timeoutMs === "number" &&
    Number.isInteger(timeoutMs) &&
    timeoutMs >= 1 &&
    timeoutMs <= TIMEOUT_MS_MAX;
  if (isRight) return;
  throw new GossipError(
    "message-invalid",
    `timeoutMs is ${String(timeoutMs)}: give whole milliseconds from 1 to ${TIMEOUT_MS_MAX}.`,
  );
}

/** What is wrong with a payload, if anything. */
export function payloadProblems(payload: unknown): string[] {
  if (!(payload instanceof Uint8Array)) {
    return [
      "the payload is no bytes: give a Uint8Array, of text with new TextEncoder().encode(text).",
    ];
  }
  if (payload.length <= MEMBER_PAYLOAD_BYTES_MAX) return [];
  return [
    `the payload has ${payload.length} bytes: at most ${MEMBER_PAYLOAD_BYTES_MAX} can be sent; put what ` +
      "is larger elsewhere, and send where.",
  ];
}

function topicProblems(topic: unknown): string[] {
  const length = typeof topic === "string" ? TEXT.encode(topic).length : 0;
  // Escape sequences would reach whoever prints it; half a surrogate pair cannot travel.
  const isRight = typeof topic === "string" && !/\p{Cc}/u.test(topic) && topic.isWellFormed();
  if (isRight && length >= 1 && length <= TOPIC_BYTES_MAX) return [];
  return [
    `the topic ${JSON.stringify(topic)?.slice(0, 100)} cannot be used: give 1 to ${TOPIC_BYTES_MAX} bytes of text ` +
      "without control characters.",
  ];
}

function copyTags(tags: unknown, problems: string[]): Tags {
  const copy: Record<string, string> = Object.create(null);
  if (typeof tags !== "object" || tags === null || Array.isArray(tags)) {
    problems.push('tags are names with values: give an object such as { role: "shop" }.');
    return copy;
  }
  const entries: [string, unknown][] = Object.entries(tags);
  for (const [key, value] of entries) {
    const isRight = key !== "" && typeof value === "string" && (key + value).isWellFormed();
    if (isRight) copy[key] = value;
    else problems.push(`the tag ${JSON.stringify(key)} needs a name and text as its value.`);
  }
  if (entries.length > TAGS_MAX) {
    problems.push(`${entries.length} tags are too many: at most ${TAGS_MAX} can be published.`);
  }
  const bytes = tagBytes(copy);
  if (bytes > TAGS_BYTES_MAX) {
    problems.push(
      `the tags take ${bytes} bytes: at most ${TAGS_BYTES_MAX} can be published, as every heartbeat ` +
        "carries them; use shorter names and values.",
    );
  }
  return copy;
}

function organisationProblems(organisations: unknown): string[] {
  if (organisations === undefined) return [];
  const isRight = (one: unknown): boolean =>
    typeof one === "string" && one.isWellFormed() && TEXT.encode(one).length <= MSP_ID_BYTES_MAX;
  if (
    Array.isArray(organisations) &&
    organisations.length <= FILTER_ORGANISATIONS_MAX &&
    organisations.every(isRight)
  ) {
    return [];
  }
  return [`organisations is a list of at most ${FILTER_ORGANISATIONS_MAX} MSP-IDs.`];
}
