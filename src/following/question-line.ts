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
  /**
   * How long an unanswered question is not repeated; doubles with each further silence. The question
   * or its answer may have been lost with a connection.
   */
  readonly silenceMs: number;
  /** At most; default `silenceMs`. */
  readonly silenceMaxMs?: number;
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
  /** Unanswered questions. */
  readonly #silences = new Map<string, { readonly untilMs: number; readonly pauseMs: number }>();
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

  /** A message of the peer; true if it is the answer. A late answer shows that the peer did not refuse. */
  receive(message: GossipMessage): boolean {
    if (this.#waiting?.take(message) === true) return true;
    if (message.content?.type === "state-response") this.#silences.clear();
    return false;
  }

  /** Something of the peer that is no message. */
  receiveRubbish(): void {
    if (this.#waiting !== undefined) this.#waiting.hasRubbish = true;
  }

  /** The peer or its connection is gone: earlier silence says nothing about a new connection. */
  fail(code: AskFault, reason: string): void {
    this.#silences.clear();
    this.#waiting?.fail(code, reason);
  }

  #ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    const { clock, answerTimeoutMs = ANSWER_TIMEOUT_MS, send } = this.#options;
    if (clock.now().elapsedMs < (this.#silences.get(kind)?.untilMs ?? 0))
      return Promise.resolve(OLD);
    const failed = send(encodeUnsigned(request));
    if (failed !== undefined) return Promise.resolve(failed);
    const silences = this.#silences;
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
          if (value === undefined) return false;
          silences.delete(kind);
          settle(accept(value));
          return true;
        },
      };
      this.#waiting = waiting;
      const cancel = clock.after(answerTimeoutMs, () => {
        this.#noteSilence(kind);
        if (waiting.hasRubbish) waiting.fail("malformed", "what it sent is no gossip message");
        else waiting.fail("silent", `no answer within ${answerTimeoutMs} ms`);
      });
    });
  }

  #noteSilence(kind: string): void {
    const { clock, silenceMs, silenceMaxMs = silenceMs } = this.#options;
    const before = this.#silences.get(kind)?.pauseMs;
    const pauseMs = before === undefined ? silenceMs : Math.min(2 * before, silenceMaxMs);
    this.#silences.set(kind, { untilMs: clock.now().elapsedMs + pauseMs, pauseMs });
  }
}

const OLD: Failed = { ok: false, code: "silent", reason: "it did not answer before", isOld: true };
