/** The part of a node by which its program talks to members of our kind. */
import type { Metadata } from "../messaging/rules/metadata.ts";
import {
  type Audience,
  type MemberRing,
  type Query,
  type Service,
  servicesOf,
  type TopicEvent,
} from "../observe/topics.ts";
import type { Member } from "../observe/views.ts";
import type { AnswerQuery } from "./answerers.ts";
import { checkTags } from "./check-saying.ts";
import type { Messenger } from "./messenger.ts";

/**
 * What members of our kind say to each other, and how they share work. Fabric peers in the same network
 * take no part in it, and are not disturbed.
 */
export abstract class MessagingMember {
  /** @internal */
  protected abstract talk(): Messenger;
  /** @internal */
  protected abstract assertOpen(): void;
  /** @internal */
  protected abstract changeMetadata(change: Partial<Metadata>): void;

  /** Ourselves first, then every member we know, alive and dead. */
  abstract members(): readonly Member[];

  /**
   * Publishes these tags in place of those before, at once: named values that every member sees in
   * `members()`; at most 64, and 512 bytes together. Throws `config-invalid` with every problem.
   */
  setTags(tags: Readonly<Record<string, string>>): void {
    this.assertOpen();
    this.changeMetadata({ tags: checkTags(tags) });
  }

  /**
   * Says something, at most 16 KiB, to every member of our kind or to those of the audience, ourselves among
   * them. Resolves with the event's id when it is signed and handed to the network. Throws `message-invalid`,
   * `too-fast` or `signing-failed`.
   */
  async broadcast(topic: string, payload: Uint8Array, audience: Audience = {}): Promise<string> {
    this.assertOpen();
    return this.talk().broadcast(topic, payload, audience);
  }

  /**
   * What members say about this topic (default: about any), each event once, from now on; in the order
   * of their arrival. For a reader that lags behind, 1_000 events are kept; of more, the oldest are left out,
   * which is counted, and told as an event `subscriber-lagging`.
   */
  subscribe(topic?: string, signal?: AbortSignal): AsyncIterableIterator<TopicEvent> {
    this.assertOpen();
    return this.talk().subscribe(topic, signal);
  }

  /**
   * Asks every member of our kind, or those of the audience, ourselves among them. The iteration ends when all
   * have answered or `timeoutMs` (default 5_000, at most 300_000) are over; `unanswered` says who has not.
   * Throws `message-invalid` or `too-fast`; the iteration throws `signing-failed`.
   */
  query(
    topic: string,
    payload: Uint8Array,
    options: Audience & { readonly timeoutMs?: number } = {},
  ): Query {
    this.assertOpen();
    return this.talk().query(topic, payload, options);
  }

  /**
   * Answers queries of this topic until it is disposed of; at most 100 at a time. Throws `message-invalid` if the
   * topic has an answerer already, or this is none. One that throws is told as an event `answer-failed`.
   */
  answer(topic: string, answerer: AnswerQuery): Disposable {
    this.assertOpen();
    return this.talk().answer(topic, answerer);
  }

  /** Which of the living members with these tags (default: of all of our kind) own a key. Throws `message-invalid`. */
  ring(tags: Readonly<Record<string, string>> = {}): MemberRing {
    return this.talk().ring(tags);
  }

  /**
   * The living member with these tags (default: of all of our kind) that has run longest. Advisory: during a
   * partition each side has its own. Throws `message-invalid`.
   */
  leader(tags: Readonly<Record<string, string>> = {}): Member | undefined {
    return this.talk().leader(tags);
  }

  /** What members offer by their tag `role`, with health, by name; the healthy first. */
  services(): readonly Service[] {
    return servicesOf(this.members());
  }
}
