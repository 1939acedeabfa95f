import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Action, type Change, formatAction, parseActions } from "./actions.ts";
import { formatLink, parseLink } from "./link.ts";
import { Playback } from "./playback.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";
import { scriptOf, TOURS } from "./tours.ts";

const SETTINGS = { ...DEFAULT_SETTINGS, members: 5, organisations: 2 };

/** What a run has come to, comparable. */
function outcome(playback: Playback): unknown {
  const states = playback.network.players.map(({ index }) => playback.state(index));
  return { states, counts: playback.takeHappened().counts, agreement: playback.agreement() };
}

function playTo(
  atMs: number,
  actions: readonly Action[] = [],
  settings: Settings = SETTINGS,
): Playback {
  const playback = new Playback(settings, actions);
  playback.runUntil(atMs);
  return playback;
}

describe("a run of the playground", () => {
  test("comes to agree, member by member", () => {
    const { expected, seen, ghosts, agreeing, running } = playTo(10_000).agreement();
    assert.deepEqual([seen, ghosts, agreeing, running], [expected, 0, 5, 5]);
    assert.equal(expected, 20);
  });

  test("is the same however it is played: at once, in frames, or message by message", () => {
    const whole = outcome(playTo(9_000));
    const framed = new Playback(SETTINGS, []);
    for (let ms = 0; ms < 9_000; ms += 16.7) framed.runUntil(ms);
    framed.runUntil(9_000);
    assert.deepEqual(outcome(framed), whole);
    const stepped = new Playback(SETTINGS, []);
    for (let i = 0; i < 100; i++) stepped.step({});
    stepped.runUntil(9_000);
    assert.deepEqual(outcome(stepped), whole);
  });

  test("is the same when the page has its turn in between", async () => {
    const settings = { ...SETTINGS, members: 12 };
    const joins = [{ atMs: 5_000, type: "join", organisation: 0 }] as const;
    const whole = outcome(playTo(60_000, joins, settings));
    const turns = new Playback(settings, joins);
    for (let ms = 0; ms < 60_000; ms += 997) {
      turns.runUntil(ms);
      await Promise.resolve();
    }
    turns.runUntil(60_000);
    assert.deepEqual(outcome(turns), whole);
  });

  test("is the same again from the link that it gave, whatever was done", () => {
    const live = playTo(4_321.5);
    live.act({ type: "crash", member: 1 });
    live.step({});
    live.act({ type: "loss", percent: 20 });
    live.act({ type: "join", organisation: 1 });
    live.runUntil(9_999.25);
    live.act({ type: "cut", members: [0, 2] });
    live.runUntil(20_000);
    const text = formatLink({ settings: SETTINGS, actions: live.actions, atMs: 20_000 });
    const link = parseLink(text);
    assert.ok(link.ok);
    assert.deepEqual(link.value.actions, live.actions);
    const again = playTo(link.value.atMs, link.value.actions, link.value.settings);
    assert.deepEqual(outcome(again), outcome(live));
  });

  test("is shown to others at the same message, and in the same state", () => {
    const live = playTo(1_500);
    for (let i = 0; i < 20; i++) live.step({});
    const { step } = live.step({});
    assert.ok(step);
    const message = step.id;
    const text = formatLink({ settings: SETTINGS, actions: [], atMs: live.nowMs, message });
    const link = parseLink(text);
    assert.ok(link.ok && link.value.message === message);
    const again = playTo(0);
    assert.deepEqual(again.step({ id: message }, link.value.atMs).step, step);
    again.runUntil(link.value.atMs);
    assert.deepEqual(outcome(again), outcome(live));
    const { atMs } = link.value;
    assert.equal(formatLink({ settings: SETTINGS, actions: [], atMs, message }), text);
  });

  test("tells how the share of agreeing members went, also on the way to a link's moment", () => {
    const cut = { atMs: 10_000, type: "cut", members: [0, 2] } as const;
    const { shares } = playTo(60_000, [cut]).takeHappened();
    const at = (ms: number) => shares.find(({ atMs }) => atMs >= ms)?.agreeing;
    assert.deepEqual([at(9_000), at(45_000)], [1, 0]);
    assert.ok(shares.length > 100 && shares.length <= 601, `${shares.length}`);
  });

  test("ends after a day, and takes no more than a maximum of actions", () => {
    const small = { ...SETTINGS, members: 3 };
    const playback = playTo(3_000, [], small);
    for (let i = 0; i < 1_000; i++)
      assert.ok(playback.act({ type: "clock", member: 0, seconds: i }));
    assert.ok(!playback.act({ type: "clock", member: 0, seconds: 0 }));
    const late = playTo(3_000, [], small);
    for (const member of [0, 1, 2]) late.act({ type: "crash", member });
    assert.ok(late.runUntil(99_999_999_999));
    assert.equal(late.nowMs, 86_400_000);
    assert.ok(!late.act({ type: "start", member: 0 }));
  });

  test("shows of a message who handled it, and its receiver before and after", () => {
    const playback = playTo(1_000);
    const { isFound, step } = playback.step({ kind: "membership-response" });
    assert.ok(isFound && step);
    assert.equal(step.handler.name, "handleMembershipResponse");
    assert.match(JSON.stringify(step.message), /"mem_res"/);
    assert.ok(step.before && step.after);
    const next = playback.step({ kind: "alive" }).step;
    assert.ok(next?.before && next.after);
    assert.equal(next.kind, "alive");
    assert.notEqual(next.from, next.to);
  });

  const faults = [
    { type: "crash", member: 1, agrees: 4 },
    { type: "revoke", member: 1, agrees: 4 },
    { type: "renew", member: 1, agrees: 5 },
    { type: "join", organisation: 0, agrees: 6 },
  ] as const;
  for (const { agrees, ...change } of faults) {
    test(`after "${change.type}" everybody who counts agrees again`, () => {
      const playback = playTo(8_000);
      playback.act(change);
      playback.runUntil(60_000);
      const { agreeing, ghosts } = playback.agreement();
      assert.ok(agreeing >= agrees, `${agreeing} agree`);
      assert.ok(ghosts <= 4, `${ghosts} ghosts`);
    });
  }

  test("a partition parts the views, and a healed one joins them", () => {
    const playback = playTo(8_000);
    playback.act({ type: "cut", members: [0, 2] });
    playback.runUntil(45_000);
    assert.equal(playback.agreement().agreeing, 0);
    playback.act({ type: "cut", members: [] });
    playback.runUntil(120_000);
    assert.equal(playback.agreement().agreeing, 5);
  });
});

test("whoever joins during a partition is outside of it", () => {
  const playback = playTo(8_000);
  playback.act({ type: "cut", members: [0, 2] });
  playback.act({ type: "join", organisation: 0 });
  const { network } = playback;
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((one) => network.isCut(5, one) && network.isCut(one, 5)),
    [true, false, true, false, false],
  );
  playback.runUntil(40_000);
  const seen = playback.state(5)?.members.filter(({ cells }) => cells[1] === "alive");
  const names = seen?.map(({ cells: [name] }) => name);
  assert.deepEqual(names?.toSorted(), ["peer0.org2", "peer1.org2", "peer2.org1"]);
});

describe("by a Fabric peer's rules", () => {
  /** Virtual milliseconds until all agree after a change. */
  function agreesAfterMs(rules: "fabric" | "fabric-gossip", change: Change): number {
    const playback = playTo(20_000, [], { ...SETTINGS, rules });
    playback.act(change);
    for (let ms = 0; ms <= 30_000; ms += 100) {
      playback.runUntil(20_000 + ms);
      const { agreeing, running } = playback.agreement();
      if (agreeing === running) return ms;
    }
    return Number.POSITIVE_INFINITY;
  }

  test("a late joiner waits for the next pull and heartbeat; by ours it sees all at once", () => {
    const change = { type: "join", organisation: 0 } as const;
    assert.ok(agreesAfterMs("fabric-gossip", change) < 1_500);
    const fabricMs = agreesAfterMs("fabric", change);
    assert.ok(fabricMs > 2_000 && fabricMs < 12_000, `${fabricMs}`);
  });

  test("a broken connection is a death, without a question", () => {
    const change = { type: "crash", member: 2 } as const;
    assert.ok(agreesAfterMs("fabric", change) <= 200);
    const playback = playTo(20_000, [{ atMs: 20_000, ...change }], {
      ...SETTINGS,
      rules: "fabric",
    });
    playback.step({ event: "member-dead", to: 2 });
    const suspects = playback.network.players.flatMap(({ life }) =>
      [...(life?.member.core.members.table.values() ?? [])].filter(({ isSuspect }) => isSuspect),
    );
    assert.deepEqual(suspects, []);
  });
});

describe("the guided tours", () => {
  test("there are eight, each with a title and a text for every step in both languages", async () => {
    assert.equal(TOURS.length, 8);
    // Of the page, which has no types.
    const { TOUR_TEXTS } = await import(new URL("page/tour-texts.js", import.meta.url).href);
    const { CHINESE, ENGLISH } = await import(new URL("page/texts.js", import.meta.url).href);
    assert.deepEqual(Object.keys(CHINESE), Object.keys(ENGLISH));
    for (const { name, steps } of TOURS) {
      for (const language of ["en", "zh"]) {
        assert.equal(TOUR_TEXTS[name][language].length, steps.length + 1, `${name} ${language}`);
      }
    }
  });

  /** The run of a tour up to a step, counted from 1, with the last step's message and events. */
  function takeStep(name: string, place: number) {
    const tour = TOURS.find((one) => one.name === name) ?? assert.fail(name);
    const { link, doings } = scriptOf(tour, place - 2);
    const start = parseLink(link);
    assert.ok(start.ok);
    const playback = playTo(start.value.atMs, [], start.value.settings);
    playback.perform(place > 1 ? doings : []);
    playback.takeHappened();
    const { step } = playback.perform(tour.steps[place - 1]?.doings ?? []);
    return { step, events: playback.takeHappened().events };
  }

  test("say what is there to see", () => {
    const { step: list } = takeStep("death", 4);
    const asked = list?.after?.waiting.map(({ cells }) => cells.slice(0, 3));
    assert.deepEqual(asked?.at(-1), ["to ask", "peer2.org1", "told"]);
    for (const [place, observer] of [
      [1, 0],
      [2, 1],
    ] as const) {
      const { events } = takeStep("revoked", place);
      const purges = events.filter(({ type }) => type === "identity-purged");
      assert.deepEqual(
        purges.map((event) => event.observer),
        [observer],
      );
    }
    const { step: request } = takeStep("pull", 4);
    assert.equal(JSON.stringify(request?.message).match(/"peer\d/g)?.length, 6, "not only two");
  });

  for (const tour of TOURS) {
    test(`${tour.name}: whatever a step waits for comes, and all agree at the end`, () => {
      const agreeing = tour.steps.map((_, place) => {
        const { link, doings } = scriptOf(tour, place);
        const start = parseLink(link);
        assert.ok(start.ok);
        const playback = playTo(start.value.atMs, [], start.value.settings);
        assert.ok(playback.perform(doings).isFound, `step ${place + 1}`);
        const { agreeing: well, running } = playback.agreement();
        return well === running;
      });
      assert.equal(agreeing.at(-1), tour.name !== "sync");
    });
  }
});

describe("the text of a link", () => {
  test("gives the actions back, whatever they are", () => {
    const member = fc.integer({ min: 0, max: 199 });
    const change = fc.oneof(
      fc.record({ type: fc.constantFrom("crash", "stall", "renew", "revoke"), member }),
      fc.record({ type: fc.constant("clock"), member, seconds: fc.integer({ min: -99, max: 99 }) }),
      fc.record({ type: fc.constant("cut"), members: fc.array(member, { maxLength: 9 }) }),
      fc.record({ type: fc.constant("delay"), ms: fc.integer({ min: 1, max: 1_000 }) }),
    );
    const moment = fc.integer({ min: 0, max: 86_400_000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(moment, change), { maxLength: 20 }), (pairs) => {
        const actions = pairs
          .map(([atMs, each]) => ({ atMs, ...each }) as Action)
          .toSorted((a, b) => a.atMs - b.atMs);
        const parsed = parseActions(actions.map(formatAction).join(","));
        assert.deepEqual(parsed, { ok: true, value: actions });
      }),
    );
  });

  const wrong = [
    ["seed=x", /seed must be/],
    ["members=2", /members must be/],
    ["members=201", /members must be/],
    ["members=3&organisations=4", /as many members/],
    ["rules=ours", /rules must be/],
    ["do=12.explode.1", /is no action/],
    ["do=12.crash", /is no action/],
    ["do=12.crash.1.2", /is no action/],
    ["do=-1.crash.1", /is no action/],
    ["do=1.constructor.1", /is no action/],
    ["at=99999999", /at must be/],
    ["at=1.23456", /at must be/],
    ["at=-1", /at must be/],
    ["message=x", /message must be/],
    ["member=6", /there is no "member": use seed, members, /],
    ["members=6&members=7", /"members" stands there twice/],
    ["members=6&do=12.crash.6", /"12.crash.6" concerns nobody/],
    ["members=6&do=12.crash.6,11.join.3", /"11.join.3" concerns nobody/],
    ["members=6&do=12.cut.0.6", /"12.cut.0.6" concerns nobody/],
    [`do=${"1.crash.1,".repeat(1_001)}`, /at most 1000/],
  ] as const;
  for (const [text, reason] of wrong) {
    test(`${text.slice(0, 40)} is refused`, () => {
      const link = parseLink(text);
      assert.ok(!link.ok);
      assert.match(link.code, reason);
    });
  }
});
