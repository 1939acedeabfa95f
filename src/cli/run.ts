/** The command line: runs a verb and turns errors into a sentence and an exit code. */
import { CommanderError } from "commander";
import { GossipError } from "../lib/errors.ts";
import { printable } from "../lib/printable.ts";
import { fileReason } from "../lib/small-file.ts";
import { ReadError } from "../reader/read-error.ts";
import { program } from "./program.ts";
import type { Signals } from "./signals.ts";
import { UnreachableError } from "./unreachable.ts";
import { readVerb } from "./verb-words.ts";

/** 0 success, 1 the answer is no, 2 wrong use or configuration, 3 cannot reach the node. */
const EXIT = { no: 1, unexpected: 1, wrongUse: 2, unreachable: 3 } as const;

/** Prints the error and returns the exit code. Unexpected errors include their stack. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUse;
  if (error instanceof UnreachableError) {
    process.stderr.write(`${printable(error.message)}\n`);
    return EXIT.unreachable;
  }
  if (error instanceof GossipError || error instanceof ReadError) {
    const lines = error.problems.map((problem) => `error: ${printable(problem)}`);
    process.stderr.write(`${lines.join("\n")}\n`);
    if (error instanceof GossipError) return EXIT.wrongUse;
    return error.code === "unreachable" ? EXIT.unreachable : EXIT.no;
  }
  // Unexpected: the stack helps the developers, the sentence helps the user.
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = what.split("\n").map(printable);
  process.stderr.write(
    `error: unexpected failure; please report it with these lines.\n${lines.join("\n")}\n`,
  );
  return EXIT.unexpected;
}

/** Runs the verb that the arguments name, and sets the exit code. `early`: handlers that are installed already. */
export async function run(early?: Signals): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `fabric-gossip members | head` closes the pipe on purpose; a full disk is an error.
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`error: The output cannot be written (${fileReason(error)}).\n`);
    process.exit(EXIT.no);
  });
  process.stderr.on("error", () => {}); // A closed log pipe is no reason to stop gossiping.
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => process.exit(report(error)));
  }
  try {
    const cli = program(early);
    await cli.parseAsync(readVerb(cli, process.argv.slice(2)), { from: "user" });
  } catch (error) {
    process.exitCode = report(error);
  }
}
