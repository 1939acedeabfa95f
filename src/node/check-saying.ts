/** What a program may say to other members: every mistake at once, each with its remedy. */
import { GIVEN_AWAY, isGivenAway, isRecord, misfit, SIGNAL, shown } from "../lib/arguments.ts";
import { GossipError } from "../lib/errors.ts";
import { TAGS_BYTES_MAX, tagBytes } from "../messaging/rules/metadata.ts";
import {
  FILTER_ORGANISATIONS_MAX,
  MEMBER_PAYLOAD_BYTES_MAX,
  TAGS_MAX,
  TOPIC_BYTES_MAX,
} from "../wire/member-messages.ts";

const TEXT = new TextEncoder();
const MSP_ID_BYTES_MAX = 256;
const TIMEOUT_MS_MAX = 300_000;
/** For a timeout that cannot be used. */
export const TIMEOUT_REMEDY = `give whole milliseconds from 1 to ${TIMEOUT_MS_MAX}`;

type Tags = Readonly<Record<string, string>>;

/** Throws `config-invalid` unless these tags can be published; returns a copy of them. */
export function checkTags(tags: unknown): Tags {
  const problems: string[] = [];
  const copy = copyTags(tags, problems);
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  return copy;
}

/** Throws `message-invalid` unless this can be sent to members. */
export function checkSaying(topic: unknown, payload: unknown, audience: unknown): void {
  refuse([...topicProblems(topic), ...payloadProblems(payload), ...audienceProblems(audience)]);
}

/** Throws `message-invalid` unless members can be asked this. */
export function checkQuery(topic: unknown, payload: unknown, options: unknown): void {
  const { timeoutMs, ...audience } = isRecord(options) ? options : {};
  refuse([
    ...topicProblems(topic),
    ...payloadProblems(payload),
    ...audienceProblems(isRecord(options) ? audience : options),
    ...timeoutProblems(timeoutMs),
  ]);
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new GossipError("message-invalid", problems);
}

/** Throws `message-invalid` unless members can be chosen by these tags. */
export function checkChoice(tags: unknown): void {
  const problems: string[] = [];
  copyTags(tags, problems);
  refuse(problems);
}

/** Throws `message-invalid` unless a ring can name so many owners of this key. */
export function checkOwners(key: unknown, count: unknown): void {
  const problems: string[] = [];
  if (typeof key !== "string") problems.push(`the key ${shown(key)} is no text: give a string.`);
  if (!(typeof count === "number" && Number.isInteger(count) && count >= 0)) {
    problems.push(`${shown(count)} owners cannot be named: give a whole number from 0.`);
  }
  refuse(problems);
}

/** Throws `message-invalid` unless one can subscribe to this topic, undefined being any. */
export function checkSubscription(topic: unknown, signal: unknown): void {
  const problems = topic === undefined ? [] : topicProblems(topic, "leave it out for any topic");
  if (signal !== undefined) problems.push(...misfit("subscribe", signal, SIGNAL));
  refuse(problems);
}

/** Throws `message-invalid` unless this can answer queries of this topic. */
export function checkAnswer(topic: unknown, answerer: unknown): void {
  const problems = topicProblems(topic);
  if (typeof answerer !== "function") {
    problems.push("the answerer is no function: give one that takes a query and gives bytes.");
  }
  refuse(problems);
}

function timeoutProblems(timeoutMs: unknown): string[] {
  if (timeoutMs === undefined) return [];
  const isWhole = typeof timeoutMs === "number" && Number.isInteger(timeoutMs);
  if (isWhole && timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX) return [];
  return [`timeoutMs is ${shown(timeoutMs)}: ${TIMEOUT_REMEDY}.`];
}

/** What is wrong with a payload, if anything. */
export function payloadProblems(payload: unknown): string[] {
  if (!(payload instanceof Uint8Array)) {
    return [
      "the payload is no bytes: give a Uint8Array, of text with new TextEncoder().encode(text).",
    ];
  }
  if (isGivenAway(payload)) return [`the payload ${GIVEN_AWAY}`];
  if (payload.length <= MEMBER_PAYLOAD_BYTES_MAX) return [];
  return [
    `the payload has ${payload.length} bytes: at most ${MEMBER_PAYLOAD_BYTES_MAX} can be sent; put what ` +
      "is larger elsewhere, and send where.",
  ];
}

/** `any`: the remedy for whoever means all topics. */
function topicProblems(topic: unknown, any?: string): string[] {
  const length = typeof topic === "string" ? TEXT.encode(topic).length : 0;
  // Escape sequences would reach whoever prints it; half a surrogate pair cannot travel.
  const isText = typeof topic === "string" && !/\p{Cc}/u.test(topic) && topic.isWellFormed();
  // A dot or two are no name in the path of a URL, and a star means every topic there.
  const isRight = isText && topic !== "." && topic !== ".." && topic !== "*";
  if (isRight && length >= 1 && length <= TOPIC_BYTES_MAX) return [];
  const remedy =
    topic === "*" && any !== undefined
      ? any
      : `give 1 to ${TOPIC_BYTES_MAX} bytes of text without control characters, other than ".", ".." and "*"`;
  return [`the topic ${shown(topic)} cannot be used: ${remedy}.`];
}

/** Tags as `NAME=VALUE` each. Throws `message-invalid` for all that are none. */
export function readTags(words: readonly string[]): Tags {
  const tags: Record<string, string> = Object.create(null);
  const problems: string[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    const [name, value] = [word.slice(0, Math.max(0, equals)), word.slice(equals + 1)];
    if (name === "") problems.push(`the tag ${shown(word)} has no value: write NAME=VALUE.`);
    else if ((tags[name] ?? value) === value) tags[name] = value;
    else problems.push(`the tag ${shown(name)} has two values: a member has one of them at most.`);
  }
  refuse(problems);
  return tags;
}

function copyTags(tags: unknown, problems: string[]): Tags {
  const copy: Record<string, string> = Object.create(null);
  if (!isRecord(tags)) {
    problems.push('tags are names with values: give an object such as { role: "shop" }.');
    return copy;
  }
  const entries = Object.entries(tags);
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

/** A name that is no part of an audience would widen it to all. */
function audienceProblems(audience: unknown): string[] {
  if (!isRecord(audience)) {
    return ['the audience is no object: give { tags: { role: "shop" } }, for example.'];
  }
  const { tags, organisations, ...unknown } = audience;
  const problems = Object.keys(unknown).map(
    (name) => `an audience has no ${shown(name)}: it has tags and organisations.`,
  );
  if (tags !== undefined) copyTags(tags, problems);
  problems.push(...organisationProblems(organisations));
  return problems;
}

function organisationProblems(organisations: unknown): string[] {
  if (organisations === undefined) return [];
  const isRight = (one: unknown): boolean =>
    typeof one === "string" &&
    one !== "" &&
    one.isWellFormed() &&
    TEXT.encode(one).length <= MSP_ID_BYTES_MAX;
  if (
    Array.isArray(organisations) &&
    organisations.length <= FILTER_ORGANISATIONS_MAX &&
    // Not of the list itself: that would pass over holes in it.
    Array.from<unknown>(organisations).every(isRight)
  ) {
    return [];
  }
  return [
    `organisations is a list of at most ${FILTER_ORGANISATIONS_MAX} MSP-IDs, none of them empty.`,
  ];
}
