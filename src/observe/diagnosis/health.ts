/** What is wrong with this member itself, as causes of causes.ts. */

import type { Core } from "../../core/core.ts";
import type { Fault } from "../../core/types/event.ts";
import type { Now } from "../../core/types/host.ts";
import type { ProblemCode } from "../events.ts";
import { type Problem, tellFault } from "./causes.ts";
import type { Failures } from "./failures.ts";
import { expiredTls, type TlsExpiries } from "./own-tls.ts";
import type { Conflicts } from "./why/conflicts.ts";

export interface Health {
  readonly core: Core;
  readonly failures: Failures;
  readonly conflicts: Conflicts;
  /** Names of bootstrap peers that lead nowhere, and why. */
  readonly names: readonly { readonly name: string; readonly code: string }[];
  /** What was wrong with our files when they were last read again. */
  readonly reloadProblems: readonly string[];
  readonly tlsExpiries: TlsExpiries;
}

/** What is wrong; empty = healthy (`/healthz`). */
export function healthFaults(health: Health, now: Now): readonly Problem[] {
  const { core, failures, conflicts, reloadProblems, names } = health;
  const { options, contacts, members } = core;
  const faults: Problem[] = reloadProblems.map((detail) => ({
    code: "reload-failed",
    detail,
  }));
  const { notAfterMs } = options.self;
  if (notAfterMs <= now.wallMs) {
    faults.push({ code: "own-certificate-expired", detail: new Date(notAfterMs).toISOString() });
  }
  faults.push(...expiredTls(health.tlsExpiries, now));
  faults.push(...conflicts.all(now));
  const named = contacts.filter(({ isFormer }) => !isFormer);
  const hasOthers = named.some(({ isSelf }) => !isSelf) || names.length > 0;
  if (hasOthers && members.aliveCount === 0) {
    const others = named.map(({ endpoint }) => {
      const [failure] = failures.recent(undefined, [endpoint]);
      return failure ? `${endpoint} (${failure.reason})` : endpoint;
    });
    const nowhere = names.map(
      ({ name, code }) => `${name} (${tellFault({ code: "name-unresolved", detail: code })})`,
    );
    faults.push({ code: "alone", detail: [...others, ...nowhere].join(", ") });
  }
  return faults;
}

/** Without these, a member has no view that others could rely on. */
const IN_THE_WAY: ReadonlySet<ProblemCode> = new Set(["alone", "own-certificate-expired"]);

/**
 * Why it has no whole view yet; empty = ready (`/readyz`). Whoever has nobody to contact, or finds
 * nobody but itself behind its names, is ready: it is the first.
 */
export function readinessFaults(health: Health, now: Now): readonly Fault[] {
  const faults = healthFaults(health, now).filter(({ code }) => IN_THE_WAY.has(code));
  if (faults.length > 0) return faults;
  const { contacts, hasList } = health.core;
  const isFirst = !contacts.some(({ isSelf, isFormer }) => !isSelf && !isFormer);
  return isFirst || hasList ? [] : [{ code: "no-list", detail: "" }];
}
