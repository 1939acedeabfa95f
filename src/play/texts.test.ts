/** Whatever the worker reports is Chinese on the Chinese page; names and codes stay. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CoreEvent, DeathReason, LearntFrom, PurgeReason } from "../core/types/event.ts";
import { parseLink } from "./link.ts";
import { Playback } from "./playback.ts";
import type { StateView } from "./state-view.ts";
import { scriptOf, TOURS, type Tour } from "./tours.ts";

/** Of the pages, which have no types. */
const { KINDS }: { KINDS: readonly { readonly name: string; readonly sentence: string }[] } =
  await import(new URL("../dashboard/message-types.js", import.meta.url).href);
const {
  chinese,
  CHINESE,
  CHINESE_WORDS,
}: {
  chinese: (text: string) => string;
  CHINESE: Record<string, string>;
  CHINESE_WORDS: Record<string, string>;
} = await import(new URL("page/texts.js", import.meta.url).href);
const { TOUR_TEXTS }: { TOUR_TEXTS: Record<string, { zh: readonly string[] }> } = await import(
  new URL("page/tour-texts.js", import.meta.url).href
);

/** Two words in a row that no name has. */
const ENGLISH = /[a-z]{2,}[ :,;]+[a-z]{2,}/i;
const HAN = /\p{Script=Han}/u;

/** What the page shows of a state: its cells, and the keys that are the first cell of a row. */
function* cellsOf(state: StateView): Generator<string> {
  for (const [section, rows] of Object.entries(state)) {
    const isKeyed = section === "self" || section === "timers";
    for (const { key, cells } of rows) {
      for (const cell of isKeyed ? [key, ...cells] : cells)
        if (typeof cell === "string") yield cell;
    }
  }
}

/** What the worker reports of the last step of a tour, and of the 50 messages after it. */
function* textsOf(tour: Tour): Generator<string> {
  const { link, doings } = scriptOf(tour, tour.steps.length - 1);
  const start = parseLink(link);
  assert.ok(start.ok);
  const playback = new Playback(start.value.settings, start.value.actions);
  playback.runUntil(start.value.atMs);
  playback.perform(doings);
  for (let count = 0; count < 50; count++) {
    const { step } = playback.step({}, 1_000);
    yield* step?.effects ?? [];
    yield* step?.after === undefined ? [] : cellsOf(step.after);
  }
  for (const { type, reason } of playback.takeHappened().events) {
    yield type;
    yield reason;
  }
}

describe("in Chinese are", () => {
  test("all events, reasons and kinds of messages", () => {
    const types: Record<CoreEvent["type"] | "handshake-failed" | "send-failed", true> = {
      "member-joined": true,
      "member-updated": true,
      "member-dead": true,
      "member-returned": true,
      "member-forgotten": true,
      "identity-learnt": true,
      "identity-expiring": true,
      "identity-purged": true,
      "contact-failed": true,
      "same-identity": true,
      "channel-height": true,
      "channel-member-lagging": true,
      "channel-member-recovered": true,
      "incarnation-raised": true,
      "signing-failed": true,
      "handshake-failed": true,
      "send-failed": true,
    };
    const reasons: Record<DeathReason | PurgeReason | LearntFrom, true> = {
      ...{ silent: true, unreachable: true, "listed-dead": true },
      ...{ expired: true, revoked: true, invalid: true, unused: true, replaced: true },
      ...{ self: true, handshake: true, alive: true, pull: true },
    };
    const words = [types, reasons].flatMap((names) => Object.keys(names));
    const kinds = KINDS.flatMap(({ name, sentence }) => [name, sentence]);
    for (const text of [...words, ...kinds]) assert.match(chinese(text), HAN, text);
  });

  test("the states, effects and events of every tour", () => {
    const texts = new Set(TOURS.flatMap((tour) => [...textsOf(tour)]));
    assert.ok(texts.size > 50, `${texts.size} texts`);
    const english = [...texts].map(chinese).filter((text) => ENGLISH.test(text));
    assert.deepEqual(english, []);
  });

  test("the words that a tour quotes, as the page shows them", () => {
    const shown = new Set([...Object.values(CHINESE), ...Object.values(CHINESE_WORDS)]);
    const quoted = Object.values(TOUR_TEXTS).flatMap(({ zh }) =>
      zh.flatMap((text) => [...text.matchAll(/“([^”]+)”/g)].map(([, words = ""]) => words)),
    );
    assert.ok(quoted.length > 5);
    assert.deepEqual(
      quoted.filter((words) => !shown.has(words)),
      [],
    );
  });

  test("the reasons why a link is refused", () => {
    const links = ["members=1000", "seed=x", "rules=none", "members=3&organisations=9", "at=x"];
    links.push("do=nonsense", `do=${"1.crash.1,".repeat(20_000)}1.crash.1`);
    links.push("message=x", "member=6", "members=6&members=7", "members=6&do=12.crash.6");
    for (const link of links) {
      const refused = parseLink(link);
      assert.ok(!refused.ok, link);
      assert.match(chinese(refused.code), HAN, refused.code);
      assert.doesNotMatch(chinese(refused.code), ENGLISH);
    }
  });
});
