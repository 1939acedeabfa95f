import type { Now } from "./core/abilities.ts";
import type { Core } from "./core/core.ts";

/** What is wrong with a member, one sentence each; empty = healthy (product 4, `/healthz`). */
export function healthProblems(
  { options, contacts, members }: Core,
  reloadProblems: readonly string[],
  now: Now,
): readonly string[] {
  const { self, bootstrap, anchorPeers } = options;
  const problems = reloadProblems.map((fault) => `not all files could be read again: ${fault}`);
  if (self.notAfterMs <= now.wallMs) {
    const end = new Date(self.notAfterMs).toISOString();
    problems.push(`the own certificate expired at ${end}: renew it`);
  }
  if (contacts.some(({ isSelf }) => !isSelf) && members.aliveCount === 0) {
    const others = [...bootstrap, ...anchorPeers].join(", ");
    problems.push(`no member is alive in our view, although we contact ${others}`);
  }
  return problems;
}
