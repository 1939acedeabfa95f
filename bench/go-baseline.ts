/**
 * Results of Fabric v2.5.12's gossip in the same experiment: members in one Go process, own keys,
 * gRPC over mutual TLS on loopback, default timers, two cores.
 */
export interface Baseline {
  readonly members: number;
  /** Convergence times of several runs. Empty: never, in 146 s. */
  readonly convergeSeconds: readonly number[];
  /** Verifications per member and second. */
  readonly verifications: readonly number[];
  readonly memoryMb: number | undefined;
}

/** Microseconds of one P-256 verification on that machine. */
export const GO_VERIFY_US = 66;

export const GO: readonly Baseline[] = [
  { members: 10, convergeSeconds: [4.1, 4.2], verifications: [61, 79], memoryMb: 5 },
  { members: 30, convergeSeconds: [24], verifications: [83], memoryMb: 10 },
  { members: 50, convergeSeconds: [5.2, 5.7, 17, 21], verifications: [121, 136], memoryMb: 15 },
  { members: 75, convergeSeconds: [44], verifications: [190], memoryMb: 23 },
  { members: 100, convergeSeconds: [], verifications: [303], memoryMb: undefined },
];
