/** What happens in the first phase of a run. */
import type { Faults } from "./faults.ts";
import type { ScenarioPlan } from "./scenarios.ts";
import type { World } from "./world.ts";

export interface Step {
  readonly atMs: number;
  readonly act: () => void | Promise<void>;
}

/** Starts and faults in chronological order. */
export function stepsOf(
  { seats, faults: planned, firstPhaseMs }: ScenarioPlan,
  world: World,
  faults: Faults,
): readonly Step[] {
  const steps: Step[] = [];
  seats.forEach(({ startMs }, index) => {
    const member = world.members[index];
    if (member) steps.push({ atMs: startMs, act: () => world.start(member) });
  });
  for (const fault of planned) {
    steps.push({ atMs: fault.fromMs, act: () => faults.begin(fault) });
    const endMs = Math.min(fault.untilMs, firstPhaseMs);
    if (Number.isFinite(fault.untilMs)) {
      steps.push({ atMs: endMs, act: () => faults.end(fault) });
    }
  }
  return steps.toSorted((a, b) => a.atMs - b.atMs);
}
