/** What is wrong with this member itself, as causes of causes.ts. */

import type { Core } from "../../core/core.ts";
import type { Now } from "../../core/types/host.ts";
import { type Problem, remedyFor, tellFault } from "./causes.ts";
import type { Failures } from "./failures.ts";
import type { Conflicts } from "./why/conflicts.ts";

export interface Health {
  readonly core: Core;
  readonly failures: Failures;
  readonly conflicts: Conflicts;
  /** What was wrong with our files when they were last read again. */
  readonly reloadProblems: readonly string[];
}

/** What is wrong; empty = healthy (product 4, `/healthz`). */
export function healthFaults(health: Health, now: Now): readonly Problem[] {
  const { core, failures, conflicts, reloadProblems } = health;
  const { options, contacts, members } = core;
  const faults: Problem[] = reloadProblems.map((detail) => ({
    code: "reload-failed",
    detail,
  }));
  const { notAfterMs } = options.self;
  if (notAfterMs <= now.wallMs) {
    faults.push({ code: "own-certificate-expired", detail: new Date(notAfterMs).toISOString() });
  }
  faults.push(...conflicts.all(now));
  if (contacts.some(({ isSelf }) => !isSelf) && members.aliveCount === 0) {
    const others = contacts.map(({ endpoint }) => {
      const [failure] = failures.recent(undefined, [endpoint]);
      return failure ? `${endpoint} (${failure.reason})` : endpoint;
    });
    faults.push({ code: "alone", detail: others.join(", ") });
  }
  return faults;
}

/** A fault as one sentence with its remedy. */
export function sentenceOf(fault: Problem): string {
  const remedy = remedyFor(fault.code);
  return remedy === undefined ? tellFault(fault) : `${tellFault(fault)}: ${lower(remedy)}`;
}

function lower(sentence: string): string {
  return `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)}`.replace(/\.$/, "");
}
