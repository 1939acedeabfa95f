/** That each benchmark runs and says what it promises; not what it measures. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runForJson } from "../bench/program.ts";

interface Run {
  readonly words: string;
  readonly fields: readonly string[];
  /** What some of them must be. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const RUNS: readonly Run[] = [
  {
    words: "codec --members 2 --rounds 1",
    fields: ["entries", "verifyUs", "rows"],
  },
  {
    words: "verify --members 3 --rounds 2",
    fields: ["rawUs", "oursUs", "alivePerSecond", "ratio", "copiesPerSecond"],
  },
  { words: "transport --rounds 1", fields: ["bytes", "rows"] },
  { words: "simulator --members 3 --minutes 0.1", fields: ["minutes", "rows"] },
  {
    words: "silence --members 4 --deaths 2 --together 2 --settle 20 --hours 1",
    fields: ["allSeconds", "missed", "memberHours", "falseDeaths", "memberHoursPerMinute"],
    values: { missed: 0, falseDeaths: 0 },
  },
  { words: "spread --members 20", fields: ["coverage", "hopsMax", "copies"] },
  { words: "startup --runs 1", fields: ["medianMs", "bestMs", "emptyMs"] },
  {
    words: "peers --members 2 --seconds 1 --settle 0",
    fields: ["members", "verifyUs", "rows", "missing"],
  },
  {
    words: "messages --members 3 --events 5 --queries 1 --settle 0",
    fields: ["events", "bytesPerDelivery", "queries", "gossipsub"],
  },
  {
    words: "simulated-messages --members 5 --events 3 --queries 1",
    fields: ["completeSeconds", "lastMsP50", "missing", "copies", "queries", "cpuSeconds"],
  },
  {
    words: "simulated-messages --bare --members 20 --events 3",
    fields: ["lastMsP50", "missing", "twice", "copies", "bytes", "cpuSeconds"],
  },
  {
    words: "memory --members 3 --seconds 1 --settle 0",
    fields: ["joinMs", "rssSteadyMb", "cpuMsPerSecond", "pausesJoining", "pausesSteady"],
  },
  {
    words: "cluster --members 3 --seconds 1 --settle 0 --profile",
    fields: [
      ...["members", "convergeMs", "cpuMsPerMemberSecond", "verifyUs", "rssMbPerMember"],
      ...["verificationsPerMemberSecond", "connectionsPerMember", "killSeenByAllMs"],
      ...["lateJoinerMs", "profile"],
    ],
  },
];

describe("npm run bench", { concurrency: 2 }, () => {
  for (const { words, fields, values = {} } of RUNS) {
    test(`${words} ends with a line of JSON`, async ({ signal }) => {
      const args = [...words.split(" "), "--json"];
      const result = await runForJson("bench/run.ts", args, signal);
      assert.ok(result !== null && typeof result === "object");
      assert.deepEqual(
        fields.filter((field) => !(field in result)),
        [],
      );
      for (const [name, value] of Object.entries(values)) {
        assert.equal(Reflect.get(result, name), value, name);
      }
    });
  }
});
