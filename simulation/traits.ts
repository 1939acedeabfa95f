/** What a plan allows. */
import { READ_ALL_MAX } from "./checkers/checkers.ts";
import type { ScenarioPlan } from "./scenarios.ts";

/** One thread simulates smaller networks in little time. */
const DIVISIBLE_MIN = 300;

/** Where nobody reads its neighbours' lists with ill will, copies or changes them, and bytes are read by sample. */
export function mayShareLists({ seats, faults, channels }: ScenarioPlan): boolean {
  return (
    channels.length === 0 &&
    seats.length > READ_ALL_MAX &&
    seats.every(({ duplicates, signsAfresh }) => duplicates === 0 && !signsAfresh) &&
    faults.every(({ type }) => type !== "hostile")
  );
}

/** Whether several threads can simulate it together: where nothing breaks, and nobody reads slowly. */
export function isDivisible(plan: ScenarioPlan): boolean {
  return (
    plan.seats.length > DIVISIBLE_MIN &&
    plan.faults.length === 0 &&
    !plan.talks &&
    plan.seats.every(({ readMs }) => readMs === 0) &&
    mayShareLists(plan)
  );
}
