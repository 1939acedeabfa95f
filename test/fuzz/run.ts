/** By hand: `node test/fuzz/run.ts --target all --inputs 1000000 --seed 1`; see docs/testing.md. */
import { parseArgs } from "node:util";
import { keepInput } from "./corpus.ts";
import {
  examine,
  FAILED,
  type Failure,
  fuzz,
  minimise,
  type Report,
  shrink,
  type Target,
} from "./fuzz.ts";
import { targets } from "./targets.ts";

const PROGRESS_MS = 10_000;
/** The corpus stays small. */
const KEPT_BYTES_MAX = 8_192;

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "all" },
    /** Of each target. */
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    /** Number of the first input: with `--inputs 1` a single one again. */
    from: { type: "string", default: "0" },
    /** Adds a small input to the corpus for each outcome that nothing in it has yet. */
    keep: { type: "boolean", default: false },
  },
});
const chosen = targets.filter(({ name }) => values.target === "all" || values.target === name);
if (chosen.length === 0) {
  console.error(`No target ${values.target}; there are: ${targets.map(({ name }) => name)}`);
  process.exitCode = 2;
}
for (const target of chosen) await run(target);

async function run(target: Target): Promise<void> {
  const { name } = target;
  const startMs = performance.now();
  let toldMs = startMs;
  const report = await fuzz(target, {
    seed: Number(values.seed),
    inputs: Number(values.inputs),
    from: Number(values.from),
    isTimed: true,
    onProgress(done, failures) {
      if (performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      console.error(`${name}: ${done} inputs, ${failures} failures`);
    },
  });
  const seconds = (performance.now() - startMs) / 1_000;
  const outcomes = [...report.outcomes].sort(([, a], [, b]) => b.times - a.times);
  console.log(
    `${name}: ${report.inputs} inputs in ${seconds.toFixed(0)} s, slowest ` +
      `${report.slowestMs.toFixed(1)} ms, ${report.failures.length} failures`,
  );
  console.log(`  ${outcomes.map(([outcome, { times }]) => `${outcome} ${times}`).join("; ")}`);
  for (const failure of report.failures) await keepFailure(target, failure);
  if (values.keep) await keepOutcomes(target, report);
}

/** The corpus then shows in its names what a decoder can come to. */
async function keepOutcomes(target: Target, { outcomes }: Report): Promise<void> {
  const outcomeOf = async (input: Uint8Array) => (await examine(target, input)).outcome;
  const known = new Set(await Promise.all(target.corpus.map(outcomeOf)));
  for (const [outcome, { first }] of outcomes) {
    if (known.has(outcome) || outcome === FAILED || first.length > KEPT_BYTES_MAX) continue;
    const isAlike = async (smaller: Uint8Array) => (await outcomeOf(smaller)) === outcome;
    const smallest = await shrink(target.grammar, first, isAlike);
    console.log(`  ${keepInput(target.name, outcome.replaceAll(/[^a-z0-9]+/gi, "-"), smallest)}`);
  }
}

async function keepFailure(target: Target, failure: Failure): Promise<void> {
  process.exitCode = 1;
  const smallest = await minimise(target, failure);
  const file = keepInput(target.name, "failure", smallest);
  console.log(`  input ${failure.iteration} of seed ${values.seed} -> ${file}\n${failure.reason}`);
}
