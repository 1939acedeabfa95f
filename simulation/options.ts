/** Options of a simulation, validated together. */
import { GossipError } from "../src/lib/errors.ts";
import type { PartOfPlan } from "./part-of-plan.ts";
import { hasChannels, makePlan, SCENARIOS, type ScenarioName } from "./scenarios.ts";

export type Strategy = "neighbours" | "random";

export interface SimulationOptions {
  readonly scenario: ScenarioName;
  readonly seed: number;
  /** Undefined = the scenario decides. */
  readonly nodes: number | undefined;
  readonly orgs: number | undefined;
  /** Virtual minutes of the first phase; undefined = the scenario decides. */
  readonly minutes: number | undefined;
  /** Undefined = the scenario decides. */
  readonly channels?: number | undefined;
  readonly strategy: Strategy;
  /** Part of the drawn plan to keep; undefined = all. */
  readonly only?: PartOfPlan | undefined;
}

/** Raw command-line values. */
export interface SimulationWords {
  readonly scenario?: string;
  readonly seed?: string;
  readonly seeds?: string;
  readonly seedRange?: string;
  readonly nodes?: string;
  readonly orgs?: string;
  readonly minutes?: string;
  readonly channels?: string;
  readonly strategy?: string;
  readonly onlySeconds?: string;
  readonly onlyMembers?: string;
  readonly onlyFaults?: string;
  readonly cores?: string;
  readonly find?: string;
}

export interface Sweep {
  readonly options: Omit<SimulationOptions, "seed">;
  /** First and last seed. */
  readonly seeds: readonly [number, number];
  /** Threads; undefined = as many as the machine has cores. */
  readonly cores: number | undefined;
  /** Reduce this seed's plan to the smallest failing part. */
  readonly find: boolean;
}

const SEED_MAX = Number.MAX_SAFE_INTEGER;
const NODES_MAX = 20_000;
const ORGS_MAX = 200;
const CORES_MAX = 256;
const CHANNELS_MAX = 100;
const MINUTES_MIN = 0.01;
const MINUTES_MAX = 1_440;

/** Throws `GossipError` `config-invalid` with every mistake at once. */
export function parseSweep(words: SimulationWords): Sweep {
  const problems: string[] = [];
  const scenario = words.scenario ?? "mixed";
  const strategy = words.strategy ?? "neighbours";
  if (!isScenario(scenario)) {
    problems.push(`--scenario ${scenario}: there is none; take one of ${SCENARIOS.join(", ")}`);
  }
  if (!isStrategy(strategy)) {
    problems.push(`--strategy ${strategy}: there is none; take neighbours or random`);
  }
  const number = (flag: string, text: string | undefined, low: number, high: number) =>
    text === undefined ? undefined : parseNumber(flag, text, low, high, problems);
  const nodes = whole("--nodes", number("--nodes", words.nodes, 2, NODES_MAX), problems);
  const orgs = whole("--orgs", number("--orgs", words.orgs, 1, ORGS_MAX), problems);
  const minutes = number("--minutes", words.minutes, MINUTES_MIN, MINUTES_MAX);
  if (nodes !== undefined && orgs !== undefined && orgs > nodes) {
    problems.push(`--orgs ${orgs}: there are only ${nodes} nodes; each organisation needs one`);
  }
  const channels = whole(
    "--channels",
    number("--channels", words.channels, 1, CHANNELS_MAX),
    problems,
  );
  if (channels !== undefined && isScenario(scenario) && !hasChannels(scenario)) {
    const those = SCENARIOS.filter(hasChannels).join(" or ");
    problems.push(`--channels ${channels}: the scenario ${scenario} has none; take ${those}`);
  }
  const cores = whole("--cores", number("--cores", words.cores, 1, CORES_MAX), problems);
  const only = parsePart(words, problems);
  const seeds = parseSeeds(words, problems);
  if (
    problems.length === 0 &&
    seeds[0] === seeds[1] &&
    isScenario(scenario) &&
    isStrategy(strategy)
  )
    checkPart(
      { scenario, strategy, nodes, orgs, minutes, channels, seed: seeds[0] },
      only,
      problems,
    );
  const find = words.find !== undefined;
  if (find && cores !== undefined)
    problems.push("--cores: --find runs one seed at a time; leave it out");
  if (problems.length > 0 || !isScenario(scenario) || !isStrategy(strategy)) {
    throw new GossipError("config-invalid", problems);
  }
  const options = { scenario, strategy, nodes, orgs, minutes, channels, only };
  return { options, seeds, cores, find };
}

function parsePart(
  { onlySeconds, onlyMembers, onlyFaults }: SimulationWords,
  problems: string[],
): PartOfPlan | undefined {
  if ((onlySeconds ?? onlyMembers ?? onlyFaults) === undefined) return undefined;
  const list = (flag: string, text: string | undefined): readonly number[] | undefined => {
    if (text === undefined) return undefined;
    if (/^(\d+(,\d+)*)?$/.test(text)) return text === "" ? [] : text.split(",").map(Number);
    problems.push(`${flag} ${text}: give numbers, counted from 0, for example 0,2,5`);
    return undefined;
  };
  const longest = MINUTES_MAX * 60;
  const seconds =
    onlySeconds === undefined
      ? undefined
      : parseNumber("--only-seconds", onlySeconds, 0, longest, problems);
  const members = list("--only-members", onlyMembers);
  return { seconds, members, faults: list("--only-faults", onlyFaults) };
}

/** A part names members and faults that the plan of the seed has. */
function checkPart(
  options: SimulationOptions,
  part: PartOfPlan | undefined,
  problems: string[],
): void {
  if (part === undefined) return;
  const { seats, faults } = makePlan(options);
  const check = (flag: string, numbers: readonly number[] | undefined, count: number): void => {
    const wrong = numbers?.filter((number) => number >= count) ?? [];
    if (wrong.length === 0) return;
    const there = count === 0 ? "there are none" : `they are numbered 0 to ${count - 1}`;
    problems.push(`${flag} ${wrong.join()}: not in the plan of seed ${options.seed}, ${there}`);
  };
  check("--only-members", part.members, seats.length);
  check("--only-faults", part.faults, faults.length);
  if (part.members !== undefined && new Set(part.members).size < 2) {
    problems.push(
      "--only-members: name at least two, as nobody sees another one in a network of one",
    );
  }
}

function isScenario(word: string): word is ScenarioName {
  return SCENARIOS.some((name) => name === word);
}

function isStrategy(word: string): word is Strategy {
  return word === "neighbours" || word === "random";
}

function parseNumber(
  flag: string,
  text: string,
  low: number,
  high: number,
  problems: string[],
): number | undefined {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  problems.push(`${flag} ${text}: give a number from ${low} to ${high}`);
  return undefined;
}

function whole(flag: string, value: number | undefined, problems: string[]): number | undefined {
  if (value === undefined || Number.isInteger(value)) return value;
  problems.push(`${flag} ${value}: give a whole number`);
  return undefined;
}

function parseSeeds(words: SimulationWords, problems: string[]): readonly [number, number] {
  const { seed, seeds, seedRange, find } = words;
  const given = [seed, seeds, seedRange, find].filter((word) => word !== undefined);
  if (given.length > 1) problems.push("give one of --seed, --seeds, --seed-range and --find");
  if (seedRange !== undefined) {
    const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(seedRange) ?? [];
    const range = [Number(first), Number(last)] as const;
    if (range[0] <= range[1] && range[1] <= SEED_MAX) return range;
    problems.push(`--seed-range ${seedRange}: give first..last, for example 1..200`);
    return [1, 1];
  }
  const count = seeds === undefined ? undefined : parseNumber("--seeds", seeds, 1, 1e9, problems);
  if (count !== undefined) return [1, whole("--seeds", count, problems) ?? 1];
  const flag = find === undefined ? "--seed" : "--find";
  const one = parseNumber(flag, find ?? seed ?? "1", 0, SEED_MAX, problems);
  const checked = whole(flag, one, problems) ?? 1;
  return [checked, checked];
}

/** The command that repeats this run. */
export function commandOf(options: SimulationOptions): string {
  const { scenario, seed, strategy, nodes, orgs, minutes, channels, only } = options;
  const words = [`npx fabric-gossip simulate --scenario ${scenario} --seed ${seed}`];
  if (nodes !== undefined) words.push(`--nodes ${nodes}`);
  if (orgs !== undefined) words.push(`--orgs ${orgs}`);
  if (minutes !== undefined) words.push(`--minutes ${minutes}`);
  if (channels !== undefined) words.push(`--channels ${channels}`);
  words.push(`--strategy ${strategy}`);
  if (only?.seconds !== undefined) words.push(`--only-seconds ${only.seconds}`);
  if (only?.members !== undefined) words.push(`--only-members ${only.members.join()}`);
  if (only?.faults !== undefined) words.push(`--only-faults ${only.faults.join() || '""'}`);
  return words.join(" ");
}
