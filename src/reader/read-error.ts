/** What peers, not our user, keep a reader from. */
export type ReadErrorCode =
  /** No peer could be reached. */
  | "unreachable"
  /** Peers refuse us, or do not answer: no rights, or no such channel. */
  | "refused"
  /** Nothing can be verified: no configuration to start from, or one that does not fit. */
  | "untrusted"
  /** A block does not verify, or peers contradict each other. */
  | "not-verified"
  /** What was asked for is not there (yet). */
  | "not-there";

/** Reading came to nothing; each problem is a sentence with its remedy. */
export class ReadError extends Error {
  override readonly name = "ReadError";
  readonly code: ReadErrorCode;
  readonly problems: readonly string[];

  constructor(code: ReadErrorCode, problems: readonly string[]) {
    super(problems.join("\n"));
    this.code = code;
    this.problems = problems;
  }
}
