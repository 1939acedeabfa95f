/** A query of our program while it waits for answers. */
import type { Now, PkiId } from "../core/types/host.ts";
import { leavingAtOnce } from "../lib/ending.ts";
import type { GossipError } from "../lib/errors.ts";
import type { HeardAnswer } from "../messaging/types/effect.ts";
import type { Answer, NoAnswerReason, Query, Unanswered } from "../observe/topics.ts";
import type { Member } from "../observe/views.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";

const REASONS: ReadonlySet<string> = new Set<NoAnswerReason>(["no-answerer", "failed", "busy"]);

export class OpenQuery implements Query {
  readonly #view: (pkiId: PkiId) => Member;
  readonly #cancel: () => void;
  /** Each member answers once: none is lost, however slow the reader. */
  readonly #answers: EventStream<Answer> = createEventStream(Number.POSITIVE_INFINITY);
  readonly #waiting = this.#answers.listen();
  readonly #unanswered = new Map<PkiId, NoAnswerReason>();
  #error: GossipError | undefined;
  #hasEnded = false;

  /** `cancel`: nobody waits any longer. */
  constructor(view: (pkiId: PkiId) => Member, cancel: () => void) {
    this.#view = view;
    this.#cancel = cancel;
  }

  get unanswered(): readonly Unanswered[] {
    return [...this.#unanswered].map(([pkiId, reason]) => ({ member: this.#view(pkiId), reason }));
  }

  [Symbol.asyncIterator](): AsyncGenerator<Answer, undefined> {
    return leavingAtOnce(this.#read(), () => this.#leave());
  }

  async *#read(): AsyncGenerator<Answer, undefined> {
    try {
      for await (const answer of this.#waiting) yield answer;
      if (this.#error) throw this.#error;
      return undefined;
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    if (this.#hasEnded) return;
    this.#cancel();
    this.end();
  }

  asked(members: readonly PkiId[]): void {
    for (const pkiId of members) this.#unanswered.set(pkiId, "silent");
  }

  take({ from, payload, failure }: HeardAnswer, now: Now): void {
    if (failure !== "") {
      this.#unanswered.set(from, REASONS.has(failure) ? (failure as NoAnswerReason) : "failed");
      return;
    }
    this.#unanswered.delete(from);
    this.#answers.push({ from: this.#view(from), payload, time: new Date(now.wallMs) });
  }

  fail(error: GossipError): void {
    this.#error = error;
    this.end();
  }

  end(): void {
    this.#hasEnded = true;
    this.#answers.close();
  }
}
