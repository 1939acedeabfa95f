/** Questions to one peer: one at a time, and none is repeated soon that was met with silence. */
import type { Clock } from "../transport/network.ts";
import { encodeUnsigned } from "../wire/envelope.ts";
import type { GossipMessage, GossipMessageInit } from "../wire/messages.ts";
import { accept } from "../wire/verdict.ts";
import type { Asked, AskFault, Match } from "./asked-peer.ts";

/** For one answer: as long as Fabric waits for blocks. */
const ANSWER_TIMEOUT_MS = 3_000;

export interface QuestionLineOptions {
  readonly clock: Clock;
  /** For how long a question that was met with silence is not asked again. */
  readonly silenceMs: number;
  readonly answerTimeoutMs?: number | undefined;
  /** Why it cannot be sent; undefined: it was. */
  readonly send: (bytes: Uint8Array) => Failed | undefined;
}

type Failed = Extract<Asked<never>, { ok: false }>;

interface Waiting {
  readonly take: (message: GossipMessage) => boolean;
  readonly fail: (code: AskFault, reason: string) => void;
  /** Whether something arrived that is no gossip message. */
  hasRubbish: boolean;
}

export class QuestionLine {
  readonly #options: QuestionLineOptions;
  readonly #silentSinceMs = new Map<string, number>();
  #waiting: Waiting | undefined;
  /** Ends when the question before is answered. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: QuestionLineOptions) {
    this.#options = options;
  }

  /** `kind`: what must not be asked again after silence. */
  ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    const turn = this.#turn.then(() => this.#ask(kind, request, match));
    this.#turn = turn;
    return turn;
  }

  /** Whether somebody waits for an answer. */
  get isOpen(): boolean {
    return this.#waiting !== undefined;
  }

  /** A message of the peer; true if it is the answer. */
  receive(message: GossipMessage): boolean {
    return this.#waiting?.take(message) ?? false;
  }

  /** Something of the peer that is no message. */
  receiveRubbish(): void {
    if (this.#waiting !== undefined) this.#waiting.hasRubbish = true;
  }

  /** The peer is gone. */
  fail(code: AskFault, reason: string): void {
    this.#waiting?.fail(code, reason);
  }

  #ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    const { clock, silenceMs, answerTimeoutMs = ANSWER_TIMEOUT_MS, send } = this.#options;
    const silentMs = this.#silentSinceMs.get(kind) ?? Number.NEGATIVE_INFINITY;
    if (clock.now().elapsedMs - silentMs < silenceMs) {
      return Promise.resolve({ ok: false, code: "silent", reason: "it did not answer before" });
    }
    const failed = send(encodeUnsigned(request));
    if (failed !== undefined) return Promise.resolve(failed);
    return new Promise((resolve) => {
      const settle = (outcome: Asked<T>): void => {
        cancel();
        this.#waiting = undefined;
        resolve(outcome);
      };
      const waiting: Waiting = {
        hasRubbish: false,
        fail: (code, reason) => settle({ ok: false, code, reason }),
        take(message) {
          const value = match(message);
          if (value !== undefined) settle(accept(value));
          return value !== undefined;
        },
      };
      this.#waiting = waiting;
      const cancel = clock.after(answerTimeoutMs, () => {
        this.#silentSinceMs.set(kind, clock.now().elapsedMs);
        if (waiting.hasRubbish) waiting.fail("malformed", "what it sent is no gossip message");
        else waiting.fail("silent", `no answer within ${answerTimeoutMs} ms`);
      });
    });
  }
}
