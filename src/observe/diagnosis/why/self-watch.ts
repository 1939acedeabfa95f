/**
 * Nobody is alone in silence: asks now and then who answers at the endpoints that we advertise, and
 * tells what is wrong with us, again after growing pauses for as long as it lasts.
 */

import type { Core } from "../../../core/core.ts";
import { isForming } from "../../../core/tables/self.ts";
import type { Fault } from "../../../core/types/event.ts";
import type { Now } from "../../../core/types/host.ts";
import type { Connections } from "../../../transport/connection-options.ts";
import type { Cancel, Clock } from "../../../transport/network.ts";
import type { EventContent, ProblemCode } from "../../events.ts";
import type { Meters } from "../../meters.ts";
import { createRepeats, type Repeats } from "../../repeats.ts";
import { problemOf } from "../../snapshots.ts";
import type { Problem } from "../causes.ts";
import type { Failures } from "../failures.ts";
import { type Health, healthFaults, readinessFaults } from "../health.ts";
import { noticeExpiringTls, type TlsExpiries, type TlsNotices } from "../own-tls.ts";
import { type Conflicts, createConflicts } from "./conflicts.ts";

interface SelfWatchOptions {
  readonly clock: Clock;
  readonly core: Core;
  readonly failures: Failures;
  readonly connections: Pick<Connections, "probe">;
  readonly reloadProblems: () => readonly string[];
  /** Names of bootstrap peers that lead nowhere, and why. */
  readonly names: () => Health["names"];
  readonly meters: Pick<Meters, "tlsNotAfterMs"> | undefined;
  readonly publish: (event: EventContent) => void;
}

export interface SelfWatch {
  /** Another process has our identity: at this endpoint, or address. */
  noteTwin(place: string): void;
  /** Takes from an event what speaks of a twin. */
  hear(event: EventContent): void;
  /** What is wrong with us at this moment. */
  faults(): readonly Problem[];
  /** Why we have no whole view yet; empty = ready. */
  unready(): readonly Fault[];
  start(): void;
  stop(): void;
}

const LOOK_MS = 2_500;
/** Joining takes a second or two; who is alone for longer is told. */
const ALONE_MS = 5_000;
/** Not while we join, nor while the network forms: nobody waits for the answer. */
const FIRST_PROBE_MS = 5_000;
/** Doubled up to the second one as long as nothing is wrong: a probe takes milliseconds of CPU. */
const PROBE_MS = 60_000;
const PROBE_MAX_MS = 480_000;

/** What was found at an endpoint, or address. */
type Note = (fault: Problem, at: string) => void;

/** The problems at present. */
interface Standing {
  /** Whether each has been told, with which details, and when it is told first. */
  readonly problems: Map<
    ProblemCode,
    { readonly fromMs: number; isTold: boolean; told: readonly string[] }
  >;
  readonly repeats: Repeats;
}

export function createSelfWatch(options: SelfWatchOptions): SelfWatch {
  const { clock, core, failures, names, reloadProblems, meters, publish } = options;
  const tlsExpiries = (): TlsExpiries => meters?.tlsNotAfterMs ?? new Map();
  const conflicts = createConflicts();
  const standing: Standing = { problems: new Map(), repeats: createRepeats() };
  const notices: TlsNotices = new Map();
  let cancelLook: Cancel = () => {};

  const stand = (fault: Problem, at: string): boolean => {
    probes.hurry();
    return conflicts.note(fault, at, clock.now());
  };
  const note: Note = (fault, at) => {
    if (stand(fault, at) && fault.code === "same-identity") {
      publish({ type: "same-identity", endpoint: fault.detail });
    }
  };
  const probes = createOwnProbes(options, conflicts, note);
  const health = (): Health => {
    const own = { names: names(), reloadProblems: reloadProblems(), tlsExpiries: tlsExpiries() };
    return { core, failures, conflicts, ...own };
  };
  const faults = (): readonly Problem[] => healthFaults(health(), clock.now());
  const look = (): void => {
    const { expiryNoticesMs } = core.options.timing;
    for (const event of [
      ...eventsOf(faults(), standing, clock.now()),
      ...noticeExpiringTls(tlsExpiries(), notices, expiryNoticesMs, clock.now()),
    ])
      publish(event);
    cancelLook = clock.after(LOOK_MS, look);
  };

  return {
    noteTwin: (place) => note({ code: "same-identity", detail: place }, place),
    hear(event) {
      if (event.type !== "same-identity") return;
      const { type: code, endpoint } = event;
      stand({ code, detail: endpoint }, endpoint);
    },
    faults,
    unready: () => readinessFaults(health(), clock.now()),
    start() {
      cancelLook = clock.after(LOOK_MS, look);
      probes.start();
    },
    stop() {
      cancelLook();
      probes.stop();
    },
  };
}

/** Asks again and again who answers at our own endpoints. */
interface OwnProbes {
  start(): void;
  stop(): void;
  /** Something is wrong: looked at often, it is gone when it is mended. */
  hurry(): void;
}

function createOwnProbes(options: SelfWatchOptions, conflicts: Conflicts, note: Note): OwnProbes {
  const { clock, core } = options;
  let pauseMs = PROBE_MS;
  let cancelProbe: Cancel | undefined;
  const probeAfter = (ms: number): void => {
    cancelProbe?.();
    cancelProbe = clock.after(ms, probe);
  };
  const probe = (): void => {
    if (isForming(core.self, core.members.aliveCount, clock.now())) {
      probeAfter(FIRST_PROBE_MS);
      return;
    }
    const endpoints = new Set([core.options.internalEndpoint, core.self.externalEndpoint]);
    endpoints.delete("");
    for (const endpoint of endpoints) askAt(options, endpoint, conflicts, note);
    probeAfter(pauseMs);
    if (conflicts.all(clock.now()).length === 0) pauseMs = Math.min(2 * pauseMs, PROBE_MAX_MS);
  };
  return {
    start: () => probeAfter(FIRST_PROBE_MS),
    stop() {
      cancelProbe?.();
      cancelProbe = undefined;
    },
    hurry() {
      if (pauseMs > PROBE_MS && cancelProbe !== undefined) probeAfter(PROBE_MS);
      pauseMs = PROBE_MS;
    },
  };
}

/** Nobody there proves nothing: many cannot reach themselves by the address that others use. */
function askAt(
  { core, connections }: SelfWatchOptions,
  endpoint: string,
  conflicts: Conflicts,
  found: Note,
): void {
  connections.probe(endpoint, (verdict) => {
    if (!verdict.ok) return;
    const { identity, isTwin } = verdict.value;
    const { pkiId, mspId, subject } = identity;
    if (isTwin) found({ code: "same-identity", detail: endpoint }, endpoint);
    else if (pkiId === core.options.self.pkiId) conflicts.clearAt(endpoint);
    else found({ code: "endpoint-taken", detail: `${endpoint}: ${subject} of ${mspId}` }, endpoint);
  });
}

/** Their details are problems of their own: another file, another place. */
const IN_PARTS: ReadonlySet<ProblemCode> = new Set([
  "reload-failed",
  "endpoint-taken",
  "own-tls-certificate-expired",
]);

/** What is to be told now: what has just begun or is over, or lasts for another pause. */
function eventsOf(
  faults: readonly Problem[],
  standing: Standing,
  { elapsedMs }: Now,
): readonly EventContent[] {
  const byCode = Map.groupBy(faults, ({ code }) => code);
  const due = [...byCode].flatMap(([code, present]) => dueOf(code, present, standing, elapsedMs));
  return [...overOf(byCode, standing), ...due.map(problemOf)];
}

function overOf(
  present: ReadonlyMap<ProblemCode, unknown>,
  { problems, repeats }: Standing,
): readonly EventContent[] {
  const over = [...problems].filter(([code]) => !present.has(code));
  for (const [code] of over) {
    problems.delete(code);
    repeats.forget(code);
  }
  return over.flatMap(([code, { isTold }]) =>
    isTold ? { type: "problem-solved" as const, code } : [],
  );
}

/** The problems of one code, as far as they are to be told. */
function dueOf(
  code: ProblemCode,
  present: readonly Problem[],
  { problems, repeats }: Standing,
  elapsedMs: number,
): readonly Problem[] {
  const waitMs = code === "alone" ? ALONE_MS - LOOK_MS : 0;
  const known = problems.get(code) ?? { fromMs: elapsedMs + waitMs, isTold: false, told: [] };
  problems.set(code, known);
  if (known.fromMs > elapsedMs) return [];
  const isDue = repeats.note(code, code, elapsedMs) !== undefined;
  const { told } = known;
  const news = present.filter(({ detail }) => IN_PARTS.has(code) && !told.includes(detail));
  known.isTold = true;
  known.told = present.map(({ detail }) => detail);
  return isDue ? present : news;
}
