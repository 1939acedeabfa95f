/** What must hold whatever peers, files and clocks do. If it does not, the fault is ours: it stays on. */
export function assertHolds(holds: boolean, what: string): void {
  if (!holds) throw new Error(`fabric-gossip is at fault: ${what}`);
}
