/** Failures of a reader that peers cause, not our user. */
export type ReadErrorCode =
  /** No peer could be reached. */
  | "unreachable"
  /** Peers refuse us, or do not answer: no rights, or no such channel. */
  | "refused"
  /** Nothing can be verified: no initial configuration, or one that does not fit. */
  | "untrusted"
  /** A block does not verify, or peers disagree. */
  | "not-verified"
  /** The requested object does not exist (yet). */
  | "not-there";

/** Reading failed; each problem is a sentence with its remedy. */
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
