/** `fabric-gossip doctor`: checks a configuration before use. */
import { examine } from "../doctor/doctor.ts";
import type { Finding } from "../doctor/finding.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { type Colour, painter } from "./terminal.ts";

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
const CHECK_WIDTH = "operations-tls".length;

/** Prints each finding immediately, or all as JSON; returns 1 on any error, else 0. */
export async function doctor({ config, set = [], json }: DoctorOptions): Promise<number> {
  const paint = painter(process.stdout);
  const findings: Finding[] = [];
  for await (const finding of examine({ file: config, overrides: set })) {
    findings.push(finding);
    if (json) continue;
    const { check, status, message, remedy } = finding;
    const mark = paint(COLOURS[status], status.padEnd(STATUS_WIDTH));
    const sentences = printable(remedy === null ? message : `${message} ${remedy}`);
    process.stdout.write(`${mark} ${check.padEnd(CHECK_WIDTH)} ${sentences}\n`);
  }
  if (json) process.stdout.write(`${printableJson(findings)}\n`);
  return findings.some(({ status }) => status === "error") ? 1 : 0;
}
