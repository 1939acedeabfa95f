/** What our program answers: one answerer for each topic, none of which can hold up the node. */
import { GossipError, reasonOf } from "../lib/errors.ts";
import { Timers } from "../lib/timers.ts";
import type { QueryId } from "../messaging/types/input.ts";
import type { NoAnswerReason, TopicQuery } from "../observe/topics.ts";
import type { Clock } from "../transport/network.ts";
import { copyBytes, EMPTY_BYTES } from "../wire/bytes.ts";
import { payloadProblems } from "./check-saying.ts";

/** Answers a query of its topic; whoever throws, or takes longer than the asker waits, does not. */
export type AnswerQuery = (query: TopicQuery) => Uint8Array | Promise<Uint8Array>;

interface AnswerersHost {
  readonly clock: Clock;
  readonly answer: (query: QueryId, payload: Uint8Array, failure: NoAnswerReason | "") => void;
  /** An answerer threw or gave what cannot be sent. */
  readonly failed: (topic: string, reason: string) => void;
}

/** Queries that are being answered at a time. */
const BUSY_MAX = 100;
const REASON_MAX = 200;

export class Answerers {
  readonly #host: AnswerersHost;
  readonly #timers: Timers;
  readonly #byTopic = new Map<string, AnswerQuery>();
  #busy = 0;

  constructor(host: AnswerersHost) {
    this.#host = host;
    this.#timers = new Timers(host.clock);
  }

  /** Waits for no answer any longer. */
  close(): void {
    this.#timers.stop();
  }

  add(topic: string, answerer: AnswerQuery): Disposable {
    if (this.#byTopic.has(topic)) {
      throw new GossipError(
        "message-invalid",
        `queries of the topic ${JSON.stringify(topic)} are answered already: dispose of that answerer first.`,
      );
    }
    this.#byTopic.set(topic, answerer);
    return {
      [Symbol.dispose]: () => {
        if (this.#byTopic.get(topic) === answerer) this.#byTopic.delete(topic);
      },
    };
  }

  ask(id: QueryId, query: TopicQuery): void {
    const answerer = this.#byTopic.get(query.topic);
    if (answerer === undefined) this.#host.answer(id, EMPTY_BYTES, "no-answerer");
    else if (this.#busy >= BUSY_MAX) this.#host.answer(id, EMPTY_BYTES, "busy");
    else void this.#run(answerer, id, query);
  }

  async #run(answerer: AnswerQuery, id: QueryId, query: TopicQuery): Promise<void> {
    const { answer, failed } = this.#host;
    this.#busy += 1;
    try {
      const payload = await this.#within(query.timeoutMs, async () => answerer(query));
      const problems = payloadProblems(payload);
      if (problems.length > 0) throw new Error(problems.join(" "));
      answer(id, copyBytes(payload), "");
    } catch (error) {
      // What went wrong here is nobody else's business.
      answer(id, EMPTY_BYTES, "failed");
      failed(query.topic, reasonOf(error).slice(0, REASON_MAX));
    } finally {
      this.#busy -= 1;
    }
  }

  /** A promise that is never kept must not occupy its place for ever. */
  #within<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = new Error(`no answer within ${timeoutMs} ms`);
      const cancel = this.#timers.after(timeoutMs, () => reject(late));
      work().then(resolve, reject).finally(cancel);
    });
  }
}
