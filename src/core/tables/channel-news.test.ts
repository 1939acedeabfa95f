/**
 * News of channels over time, against Fabric's message store (spec B 5.2): one list that is scanned
 * for everything. Of our own: a maximum, at which the oldest gives way, expired ones first, and a
 * share for each author.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isNewer } from "../../wire/received.ts";
import { testIdentity } from "../testing-identities.ts";
import {
  addChannelNews,
  type ChannelNews,
  createChannelNews,
  expireChannelNews,
  isChannelNews,
} from "./channel-news.ts";

const EXPIRE_MS = 100;
const AUTHORS = ["x", "y", "z"].map((name) => testIdentity("A", name).pkiId);

interface Kept {
  readonly news: ChannelNews;
  readonly sinceMs: number;
  isExpired: boolean;
}

class ScannedList {
  #kept: Kept[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get sizes(): readonly number[] {
    const expired = this.#kept.filter(({ isExpired }) => isExpired).length;
    return [this.#kept.length - expired, expired];
  }

  isNews(news: ChannelNews): boolean {
    return this.#kept.every((one) => !isAlike(one.news, news) || isNewer(news.time, one.news.time));
  }

  add(news: ChannelNews, nowMs: number): void {
    this.#kept = this.#kept.filter((one) => !isAlike(one.news, news));
    if (this.#kept.length >= this.#max) {
      const oldest = this.#kept.find(({ isExpired }) => isExpired) ?? this.#kept[0];
      this.#kept = this.#kept.filter((one) => one !== oldest);
    }
    this.#kept.push({ news, sinceMs: nowMs, isExpired: false });
  }

  expire(nowMs: number): void {
    this.#kept = this.#kept.filter(({ sinceMs }) => nowMs - sinceMs <= 2 * EXPIRE_MS);
    for (const one of this.#kept) one.isExpired ||= nowMs - one.sinceMs > EXPIRE_MS;
  }
}

function isAlike(a: ChannelNews, b: ChannelNews): boolean {
  return a.author === b.author && a.channel === b.channel;
}

function at(elapsedMs: number) {
  return { elapsedMs, wallMs: elapsedMs };
}

const news: fc.Arbitrary<ChannelNews> = fc.record({
  author: fc.constantFrom(...AUTHORS),
  channel: fc.constantFrom("01", "02"),
  time: fc.record({ incNum: fc.bigInt(1n, 2n), seqNum: fc.bigInt(0n, 3n) }),
});
const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ news }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.oneof(fc.nat(120), fc.constantFrom(100, 101)) }) },
);

describe("news of channels", () => {
  test("are taken, kept, expired and forgotten as by a list that is scanned", () => {
    const property = fc.property(
      fc.constantFrom(1, 3, 1_000),
      fc.array(event, { maxLength: 60, size: "max" }),
      (max, events) => {
        const [table, list] = [createChannelNews(EXPIRE_MS, max), new ScannedList(max)];
        let nowMs = 0;
        for (const one of events) {
          if ("passMs" in one) {
            nowMs += one.passMs;
            expireChannelNews(table, at(nowMs));
            list.expire(nowMs);
          } else {
            const isNews = isChannelNews(table, one.news);
            assert.equal(isNews, list.isNews(one.news));
            if (!isNews) continue;
            assert.ok(addChannelNews(table, one.news, at(nowMs)));
            list.add(one.news, nowMs);
          }
          assert.deepEqual([table.live.size, table.expired.size], list.sizes);
          const keys = [...table.byAuthor.values()].flatMap((own) => [...own]);
          assert.deepEqual(keys.sort(), [...table.live.keys(), ...table.expired.keys()].sort());
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  test("of one author are about a hundred channels at most; what it has it may renew", () => {
    const table = createChannelNews(EXPIRE_MS, 1_000);
    const [author, other] = AUTHORS;
    assert.ok(author && other);
    const about = (i: number, seqNum = 1n) => ({
      author,
      channel: `${i}`,
      time: { incNum: 1n, seqNum },
    });
    for (let i = 0; i < 100; i++) assert.ok(addChannelNews(table, about(i), at(0)));
    assert.ok(!addChannelNews(table, about(100), at(0)));
    assert.ok(addChannelNews(table, about(7, 2n), at(0)));
    assert.ok(addChannelNews(table, { ...about(100), author: other }, at(0)));
  });
});
