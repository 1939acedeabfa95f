/**
 * By hand: `node test/hostile/run.ts [seconds] [relayed] [attack ...]`. Runs each attack for the given number of
 * seconds (default 60) in a network with that many relayed members (default 500) and prints a table.
 */
import { Arena, type AttackOutcome } from "./arena.ts";
import { ATTACKS } from "./attacks.ts";
import { STRANGERS } from "./strangers.ts";

const [seconds = "60", relayed = "500", ...chosen] = process.argv.slice(2);
const attacks = chosen.length > 0 ? chosen : [...Object.keys(ATTACKS), ...Object.keys(STRANGERS)];

const COLUMNS = [
  ["attack", 44],
  ["sent Mbit/s", 12],
  ["got MB", 7],
  ["RSS +MB", 8],
  ["in all", 6],
  ["loop p50", 9],
  ["p99", 6],
  ["max ms", 7],
  ["busy max", 9],
  ["GC max", 7],
  ["CPU %", 6],
  ["others max", 11],
  ["news p50/max", 13],
  ["harmed", 7],
  ["relayed %", 8],
  ["visit max", 10],
] as const;

function row(cells: readonly (string | number)[]): string {
  return COLUMNS.map(([, width], i) =>
    i === 0 ? String(cells[i]).padEnd(width) : String(cells[i]).padStart(width),
  ).join(" ");
}

function print({
  attack,
  seconds,
  victim,
  others,
  attacker,
  harmed,
  crowdSeen,
  visits,
}: AttackOutcome): void {
  const cells = [
    attack,
    ((attacker.bytesSent * 8) / seconds / 1e6).toFixed(1),
    (attacker.bytesReceived / 1e6).toFixed(1),
    victim.rssPeakMb - victim.rssStartMb,
    victim.rssPeakMb - rssAtFirst,
    victim.loopMs.p50.toFixed(1),
    victim.loopMs.p99.toFixed(1),
    victim.loopMs.max.toFixed(0),
    victim.busyMaxMs.toFixed(1),
    victim.gcMaxMs.toFixed(1),
    victim.cpuPercent.toFixed(0),
    Math.max(...others.map(({ loopMs }) => loopMs.max)).toFixed(0),
    `${victim.newsMs.p50}/${victim.newsMs.max}`,
    harmed.length,
    (crowdSeen * 100).toFixed(0),
    Math.max(...visits).toFixed(0),
  ];
  console.log(row(cells));
  const notes = [
    attacker.fault,
    ...Object.entries(victim.dropped),
    ...Object.entries(victim.refused),
  ];
  console.log(`    ${notes.filter((note) => note !== undefined).join("; ")}`);
}

let rssAtFirst = 0;
const arena = await Arena.open({ relayed: Number(relayed), isFast: false });
try {
  console.log(row(COLUMNS.map(([title]) => title)));
  for (const attack of attacks) {
    const outcome = await arena.run(attack, Number(seconds));
    rssAtFirst ||= outcome.victim.rssStartMb;
    print(outcome);
  }
} finally {
  await arena.close();
}
