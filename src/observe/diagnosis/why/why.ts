/**
 * Why a peer is, or is not, visible to us (`why`): what is known of it, what went wrong,
 * what happens next and what can be done, in sentences for people and as codes for programs.
 */

import { dateOf } from "../../snapshots.ts";
import { type Problem, remedyFor, tellFault, toldOfMessage } from "../causes.ts";
import type { Failure } from "../failures.ts";
import { causesOf } from "./causes.ts";
import type { Cause, Explanation, Known } from "./explanation.ts";
import { nextOf } from "./next.ts";
import { remedyOf } from "./remedy.ts";
import { findSubject } from "./subject.ts";

/** Throws `config-invalid` if `peer` is neither an endpoint nor the beginning of one PKI-ID. */
export function explain(known: Known, peer: string): Explanation {
  const { core, failures, self, now } = known;
  const subject = findSubject(known, peer);
  const { pkiId, member, identity, trace, endpoints } = subject;
  const isSelf = pkiId === self.pkiId;
  const recent = isSelf ? [] : failures.recent(pkiId, endpoints);
  const [lastFailure] = recent;
  const ours = ownFaults(known, isSelf);
  const onChannels = pkiId === undefined ? [] : channelCauses(known, pkiId, isSelf);
  const causes = [...causesOf(known, subject, recent), ...ours.map(causeOf), ...onChannels];
  const next = isSelf ? undefined : nextOf(core, subject, now);
  const [own] = ours;
  const isVisible = isSelf ? own === undefined : member?.status === "alive";
  // What is wrong with ourselves explains why nobody is visible. Some faults name their remedy themselves.
  const ownRemedy = ours.map(({ code }) => remedyFor(code)).find((text) => text !== undefined);
  const helps = own ? ownRemedy : remedyOf(known, subject, recent);
  const isShared = causes.some(({ code }) => code === "shared-endpoint");
  const whenVisible = isShared ? remedyFor("wrong-peer") : remedyOfMessages(recent);
  const remedy = isVisible ? whenVisible : helps;
  return {
    peer,
    visible: isVisible,
    pkiId: pkiId ?? null,
    mspId: identity?.identity.mspId ?? member?.mspId ?? trace?.mspId ?? null,
    endpoints,
    causes,
    sentences: [...causes, ...(next ? [next] : [])].map(({ sentence }) => sentence),
    remedy: remedy ?? null,
    lastMessage: member ? dateOf(member.lastSeenMs, now) : null,
    lastFailure: lastFailure ?? null,
    next: next ?? null,
  };
}

/** Whoever is visible may still not be heard. */
function remedyOfMessages(failures: readonly Failure[]): string | undefined {
  const rejected = failures.filter(({ during }) => during === "message");
  return rejected.map(({ code }) => toldOfMessage(code).remedy).find((text) => text !== undefined);
}

/** Neither to be alone nor what only those meet who watch us explains anything about a peer. */
const OURS_ALONE: ReadonlySet<Problem["code"]> = new Set([
  "alone",
  "operations-certificate-expired",
]);

/** What is wrong with ourselves and has to do with the peer. */
function ownFaults({ faults }: Known, isSelf: boolean): readonly Problem[] {
  return faults.filter(({ code }) => isSelf || !OURS_ALONE.has(code));
}

/** What is wrong with the peer on the channels that we follow; with ourselves, also what is wrong with a whole channel. */
function channelCauses(
  { channelProblems }: Known,
  pkiId: string,
  isSelf: boolean,
): readonly Cause[] {
  return [...channelProblems].flatMap(([channel, problems]) =>
    problems
      .filter((one) => one.pkiId === pkiId || (isSelf && one.pkiId === null))
      .map(({ code, reason, remedy }) => ({
        ...{ code, channel },
        sentence: `On channel ${channel}: ${reason} ${remedy}`,
      })),
  );
}

function causeOf(fault: Problem): Cause {
  const sentence = tellFault(fault);
  return {
    code: fault.code,
    sentence: `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}.`,
  };
}
