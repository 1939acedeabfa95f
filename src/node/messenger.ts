/**
 * Messages among members of our kind, for the program of this node: carries out what the room
 * `messaging` asks for, and hands its events, queries and answers to subscribers and answerers.
 */
import type { Core } from "../core/core.ts";
import type { CoreEvent } from "../core/types/event.ts";
import type { Now, PkiId } from "../core/types/host.ts";
import { createMessaging, maySay, nextMessagingMs, stepMessaging } from "../messaging/messaging.ts";
import { leaderOf } from "../messaging/rules/leader.ts";
import { createRing, ownersOf } from "../messaging/rules/ring.ts";
import type { Heard, MessagingEffect, MessagingFault } from "../messaging/types/effect.ts";
import type { MessagingInput, QueryId } from "../messaging/types/input.ts";
import { DEFAULT_MESSAGING_LIMITS } from "../messaging/types/options.ts";
import type { TopicCounts } from "../observe/counters.ts";
import { createTopicFilter } from "../observe/event-rate-filter.ts";
import type { EventContent } from "../observe/events.ts";
import { viewAny } from "../observe/snapshots.ts";
import type { Audience, MemberRing, Query, TopicEvent } from "../observe/topics.ts";
import type { Member } from "../observe/views.ts";
import type { Connections } from "../transport/connection-options.ts";
import type { Clock } from "../transport/network.ts";
import { copyBytes } from "../wire/bytes.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { memberDataOf, parseMemberMessage } from "../wire/member-messages.ts";
import { Answerers, type AnswerQuery } from "./answerers.ts";
import {
  checkAnswer,
  checkChoice,
  checkOwners,
  checkQuery,
  checkSaying,
  checkSubscription,
} from "./check-saying.ts";
import { createDirectory, type LiveDirectory } from "./directory.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import { tooFast, unsigned } from "./not-said.ts";
import { OpenQuery } from "./open-query.ts";
import { StepLoop } from "./runtime.ts";

interface MessengerHost {
  readonly core: Core;
  readonly clock: Clock;
  readonly verify: Core["options"]["crypto"]["verify"];
  readonly sign: (payload: Uint8Array, done: (signature: Uint8Array | undefined) => void) => void;
  readonly connections: Pick<Connections, "send">;
  readonly drop: (from: PkiId, code: MessagingFault) => void;
  readonly publish: (event: EventContent) => void;
  readonly counts: TopicCounts;
  readonly startedMs: number;
}

type Tags = Readonly<Record<string, string>>;

/** Events kept for a subscriber that does not read; beyond, it loses the oldest. */
const WAITING_MAX = 1_000;
const DEFAULT_TIMEOUT_MS = 5_000;

/** What is for our program. */
type Delivery = Exclude<MessagingEffect, { type: "send" | "drop" | "sign" | "said" }>;

export class Messenger {
  readonly #host: MessengerHost;
  readonly #directory: LiveDirectory;
  readonly #loop: StepLoop<MessagingInput, MessagingEffect>;
  readonly #maySay: (now: Now) => boolean;
  readonly #events: EventStream<TopicEvent>;
  readonly #answerers: Answerers;
  /** What was said and is not on its way yet, by token. */
  readonly #said = new Map<number, (id: QueryId | undefined) => void>();
  readonly #queries = new Map<number, OpenQuery>();
  #tokens = 0;
  /** Version of the directory at the last tick because of it. */
  #told = -1;

  constructor(host: MessengerHost) {
    const { core, clock, verify } = host;
    this.#host = host;
    this.#directory = createDirectory(core);
    const messaging = createMessaging({
      directory: this.#directory,
      verify,
      incarnation: core.self.incarnation,
      limits: DEFAULT_MESSAGING_LIMITS,
    });
    const machine = {
      step: (input: MessagingInput, now: Now) => stepMessaging(messaging, input, now),
      nextMs: () => nextMessagingMs(messaging),
    };
    this.#loop = new StepLoop<MessagingInput, MessagingEffect>(machine, clock, (effect) =>
      this.#perform(effect),
    );
    this.#maySay = (now) => maySay(messaging, core.options.self.certificate, now);
    const isTold = createTopicFilter(clock);
    this.#events = createEventStream(
      WAITING_MAX,
      ({ topic }) => {
        host.counts.eventsLost += 1;
        if (isTold(`lagging ${topic}`)) host.publish({ type: "subscriber-lagging", topic });
      },
      ownPayload,
    );
    this.#answerers = new Answerers({
      clock,
      failed: (topic, reason) => {
        host.counts.answersFailed += 1;
        if (isTold(`failed ${topic}`)) host.publish({ type: "answer-failed", topic, reason });
      },
      answer: (query, payload, failure) =>
        this.#loop.give({ type: "answer", query, payload, failure }),
    });
  }

  /** Takes a message of a peer that looks like one among members of our kind. */
  receive(from: PkiId, bytes: Uint8Array): void {
    const { drop } = this.#host;
    const envelope = parseEnvelope(bytes);
    const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
    const data = message.ok ? memberDataOf(message.value) : undefined;
    const content = data === undefined ? undefined : parseMemberMessage(data);
    if (!envelope.ok) drop(from, envelope.code);
    else if (!message.ok) drop(from, message.code);
    else if (content?.ok === false) drop(from, content.code);
    else if (content?.value === undefined) drop(from, "event-malformed");
    else {
      this.#loop.give({ type: "message", from, envelope: envelope.value, content: content.value });
    }
  }

  /** To be called with what the core tells: there may be somebody to whom we have told nothing. */
  hear(event: CoreEvent): void {
    this.#directory.hear(event);
    const version = this.#directory.version();
    if (version === this.#told) return;
    this.#told = version;
    this.#loop.give({ type: "tick" });
  }

  /** Resolves with the id when it was handed to the network. */
  async broadcast(topic: string, payload: Uint8Array, audience: Audience): Promise<string> {
    checkSaying(topic, payload, audience);
    this.#assertModerate();
    const token = this.#tokens++;
    const said = new Promise<QueryId | undefined>((resolve) => this.#said.set(token, resolve));
    const input = { topic, payload: copyBytes(payload), filter: copyAudience(audience) };
    this.#loop.give({ type: "broadcast", token, ...input });
    const id = await said;
    if (id === undefined) throw unsigned();
    this.#host.counts.eventsSaid += 1;
    return idOf(id);
  }

  subscribe(topic: string | undefined, signal?: AbortSignal): AsyncIterableIterator<TopicEvent> {
    checkSubscription(topic, signal);
    if (topic === undefined) return this.#events.listen(signal);
    return this.#events.listen(signal, (event) => event.topic === topic);
  }

  query(
    topic: string,
    payload: Uint8Array,
    options: Audience & { readonly timeoutMs?: number },
  ): Query {
    checkQuery(topic, payload, options);
    const { timeoutMs = DEFAULT_TIMEOUT_MS, ...audience } = options;
    this.#assertModerate();
    if (this.#queries.size >= DEFAULT_MESSAGING_LIMITS.queriesMax) throw tooFast();
    const token = this.#tokens++;
    const query = new OpenQuery(this.#view, () => {
      this.#queries.delete(token);
      this.#said.delete(token);
      this.#loop.give({ type: "cancel-query", token });
    });
    this.#queries.set(token, query);
    this.#host.counts.queriesSaid += 1;
    this.#said.set(token, (id) => {
      if (id !== undefined) return;
      this.#queries.delete(token);
      query.fail(unsigned());
    });
    const input = { topic, payload: copyBytes(payload), filter: copyAudience(audience) };
    this.#loop.give({ type: "query", token, timeoutMs, ...input });
    return query;
  }

  answer(topic: string, answerer: AnswerQuery): Disposable {
    checkAnswer(topic, answerer);
    return this.#answerers.add(topic, answerer);
  }

  ring(tags: Tags): MemberRing {
    checkChoice(tags);
    const chosen = { ...tags };
    return {
      owners: (key, count = 1) => {
        checkOwners(key, count);
        const owners = ownersOf(createRing(this.#living(chosen)), key, count);
        return owners.map(({ pkiId }) => this.#view(pkiId));
      },
    };
  }

  leader(tags: Tags): Member | undefined {
    checkChoice(tags);
    const leader = leaderOf(this.#living(tags));
    return leader && this.#view(leader.pkiId);
  }

  close(): void {
    this.#loop.stop();
    this.#answerers.close();
    this.#events.close();
    for (const query of this.#queries.values()) query.end();
    const closed = [...this.#said.values()];
    this.#said.clear();
    for (const resolve of closed) resolve(undefined);
  }

  /** As known at this moment; of somebody forgotten, what is left. */
  readonly #view = (pkiId: PkiId): Member => {
    const { core, clock, startedMs } = this.#host;
    return viewAny(core, pkiId, startedMs, clock.now());
  };

  /** The living members of our kind with these tags, ourselves among them. */
  #living(tags: Tags): { readonly pkiId: PkiId; readonly incarnation: bigint }[] {
    const { options, self } = this.#host.core;
    const others = this.#directory
      .living(tags)
      .map(({ pkiId, time }) => ({ pkiId, incarnation: time.incNum }));
    if (!this.#directory.isSelfTagged(tags)) return others;
    return [{ pkiId: options.self.pkiId, incarnation: self.incarnation }, ...others];
  }

  #assertModerate(): void {
    if (!this.#maySay(this.#host.clock.now())) throw tooFast();
  }

  #perform(effect: MessagingEffect): void {
    const { connections, drop, sign } = this.#host;
    switch (effect.type) {
      case "send": {
        const { to: pkiId, endpoint, messages } = effect;
        const outgoing = messages.map((bytes) => ({ bytes }));
        connections.send({ pkiId, endpoint }, outgoing);
        break;
      }
      case "drop":
        drop(effect.from, effect.code);
        break;
      case "sign": {
        const { token, payload } = effect;
        sign(payload, (signature) => this.#loop.give({ type: "signed", token, signature }));
        break;
      }
      case "said":
        this.#said.get(effect.token)?.(effect.id);
        this.#said.delete(effect.token);
        break;
      default:
        this.#deliver(effect);
    }
  }

  #deliver(effect: Delivery): void {
    const { clock, counts } = this.#host;
    switch (effect.type) {
      case "event":
        counts.eventsHeard += 1;
        this.#events.push(this.#viewEvent(effect.event));
        break;
      case "query": {
        const { query } = effect;
        counts.queriesHeard += 1;
        const seen = { ...this.#viewEvent(query), timeoutMs: query.timeoutMs };
        this.#answerers.ask(query.id, seen);
        break;
      }
      case "asked":
        this.#queries.get(effect.token)?.asked(effect.members);
        break;
      case "answered":
        this.#queries.get(effect.token)?.take(effect.answer, clock.now());
        break;
      case "query-ended":
        this.#queries.get(effect.token)?.end();
        this.#queries.delete(effect.token);
    }
  }

  #viewEvent({ id, topic, payload, sentAtMs }: Heard): TopicEvent {
    const from = this.#view(id.author);
    return { id: idOf(id), topic, from, payload, time: new Date(sentAtMs) };
  }
}

function idOf({ author, incarnation, sequence }: QueryId): string {
  return `${author}/${incarnation}/${sequence}`;
}

/** Of several subscribers each may overwrite or transfer its own. */
function ownPayload(event: TopicEvent): TopicEvent {
  return { ...event, payload: copyBytes(event.payload) };
}

/** What a program may change afterwards. */
function copyAudience({ tags, organisations }: Audience): Audience {
  return {
    ...(tags ? { tags: { ...tags } } : {}),
    ...(organisations ? { organisations: [...organisations] } : {}),
  };
}
