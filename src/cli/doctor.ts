/** `fabric-gossip doctor`: checks a configuration before use. */
import { examine } from "../doctor/doctor.ts";
import type { Finding } from "../doctor/finding.ts";
import { groupFindings } from "../doctor/group-findings.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { type Colour, painter, rewriteLine } from "./terminal.ts";

export interface DoctorOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

const COLOURS: Readonly<Record<Finding["status"], Colour>> = {
  ok: "green",
  warning: "yellow",
  error: "red",
};
const STATUS_WIDTH = "warning".length;
/** Fewer contacts take no time to speak of. */
const PROGRESS_MIN = 20;
const CHECK_WIDTH = "operations-tls".length;

/** Prints findings as they come, or all as JSON; returns 1 on any error, else 0. */
export async function doctor({ config, set = [], json }: DoctorOptions): Promise<number> {
  const progress = createProgress(process.stderr);
  const findings = examine({ file: config, overrides: set }, progress.show);
  if (json) {
    const all: Finding[] = [];
    for await (const finding of findings) all.push(finding);
    process.stdout.write(`${printableJson(all.map(fieldsOf))}\n`);
    return all.some(isError) ? 1 : 0;
  }
  const paint = painter(process.stdout);
  let code = 0;
  for await (const finding of groupFindings(findings)) {
    const { check, status, message, remedy } = finding;
    const mark = paint(COLOURS[status], status.padEnd(STATUS_WIDTH));
    progress.erase();
    const sentences = printable(remedy === null ? message : `${message} ${remedy}`);
    process.stdout.write(`${mark} ${check.padEnd(CHECK_WIDTH)} ${sentences}\n`);
    if (isError(finding)) code = 1;
  }
  return code;
}

/** One line on a terminal, if there is much to do. */
export function createProgress(screen: {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}): {
  show(done: number, all: number): void;
  erase(): void;
} {
  let isShown = false;
  const erase = (): void => {
    if (isShown) rewriteLine(screen, "");
    isShown = false;
  };
  return {
    erase,
    show(done, all) {
      erase();
      if (screen.isTTY !== true || all < PROGRESS_MIN || done === all) return;
      rewriteLine(screen, `examined ${done} of ${all} bootstrap and anchor peers`);
      isShown = true;
    },
  };
}

function isError({ status }: Finding): boolean {
  return status === "error";
}

function fieldsOf({ check, status, message, remedy }: Finding): Finding {
  return { check, status, message, remedy };
}
