/** Metrics of the view: members and identities. */
import type { MemberCounts } from "../observe/event-counts.ts";
import type { OrganisationSummary } from "../observe/summary.ts";
import type { Sample } from "./exposition.ts";
import { by, byMsp, type Metric, ours, type Reading, single } from "./metric.ts";

export const MEMBER_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_members",
    type: "gauge",
    labels: ["msp", "status"],
    help: "Members we know, ourselves included. status: alive or dead.",
    read: ({ summary }) =>
      [...summary.organisations].flatMap(([msp, { alive, dead }]) => [
        { labels: { msp, status: "alive" }, value: alive },
        { labels: { msp, status: "dead" }, value: dead },
      ]),
  },
  {
    name: "gossip_reload_problems",
    type: "gauge",
    help: "Unusable files of the last reload of certificates, keys, TLS and MSP folders.",
    read: ({ counts }) => single(counts.reloadProblems),
  },
  {
    name: "gossip_member_joins_total",
    type: "counter",
    labels: ["msp"],
    help: "Members first seen alive, or seen again after they were forgotten.",
    read: (reading) => changes(reading, ({ joins }) => joins),
  },
  {
    name: "gossip_member_deaths_total",
    type: "counter",
    labels: ["msp", "reason"],
    help: "Members that died in our view. reason: silent, unreachable, or listed-dead (first reported as dead).",
    read: ({ counts }) =>
      [...counts.events.members].flatMap(([msp, { deaths }]) =>
        [...deaths].map(([reason, value]) => ({ labels: { msp, reason }, value })),
      ),
  },
  {
    name: "gossip_member_returns_total",
    type: "counter",
    labels: ["msp"],
    help: "Dead members that are alive again, restarted or not.",
    read: (reading) => changes(reading, ({ returns }) => returns),
  },
  {
    name: "gossip_member_flaps_total",
    type: "counter",
    labels: ["msp"],
    help: "Returns without a restart: we took running members for dead.",
    read: (reading) => changes(reading, ({ flaps }) => flaps),
  },
  {
    name: "gossip_members_forgotten_total",
    type: "counter",
    labels: ["reason"],
    help: "Members that left our view. reason: silent for too long, or why their identity was purged.",
    read: ({ counts }) => by("reason", counts.events.membersForgotten),
  },
  {
    name: "gossip_member_last_seen_age_max_seconds",
    type: "gauge",
    labels: ["msp"],
    help: "Maximum age of the newest alive message, over alive members.",
    read: (reading) =>
      byMsp(
        reading,
        ofOthers(({ silenceMaxMs }) => silenceMaxMs / 1_000),
      ),
  },
  {
    name: "gossip_member_last_seen_age_mean_seconds",
    type: "gauge",
    labels: ["msp"],
    help: "Mean age over alive members; normally about half the alive interval.",
    read: (reading) =>
      byMsp(
        reading,
        ofOthers(({ silenceSumMs, othersAlive }) => silenceSumMs / 1_000 / othersAlive),
      ),
  },
  {
    name: "gossip_view_checksum",
    type: "gauge",
    labels: ["msp", "scope"],
    help: "Checksum of an organisation's alive members; equal for equal views. scope: public or organisation.",
    read: checksums,
  },
  {
    name: "gossip_neighbours",
    type: "gauge",
    labels: ["msp"],
    help: "Members that we relay to and query. 0 with the random strategy.",
    read: (reading) => byMsp(reading, ({ neighbours }) => neighbours),
  },
);

export const IDENTITY_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_identities",
    type: "gauge",
    labels: ["msp"],
    help: "Identities we know, ours included.",
    read: (reading) => byMsp(reading, ({ identities }) => identities),
  },
  {
    name: "gossip_identities_offered",
    type: "gauge",
    help: "Identities on offer to others: ours and pulled ones.",
    read: ({ counts }) => single(counts.identitiesOffered),
  },
  {
    name: "gossip_identities_learnt_total",
    type: "counter",
    labels: ["from"],
    help: "Identities that became known. from: self, handshake, alive or pull.",
    read: ({ counts }) => by("from", counts.events.identitiesLearnt),
  },
  {
    name: "gossip_identities_purged_total",
    type: "counter",
    labels: ["reason"],
    help: "Identities that were forgotten. reason: expired, revoked, invalid, unused or replaced.",
    read: ({ counts }) => by("reason", counts.events.identitiesPurged),
  },
  {
    name: "gossip_own_certificate_remaining_seconds",
    type: "gauge",
    labels: ["certificate"],
    help: "Until our own certificate expires, negative afterwards. certificate: enrolment, tls-server, tls-client or tls-operations.",
    read: ownCertificates,
  },
  {
    name: "gossip_certificate_remaining_min_seconds",
    type: "gauge",
    labels: ["msp"],
    help: "Until the first certificate of another member expires.",
    read: (reading) =>
      byMsp(reading, ({ remainingMinMs }) =>
        Number.isFinite(remainingMinMs) ? remainingMinMs / 1_000 : undefined,
      ),
  },
  {
    name: "gossip_same_identity_total",
    type: "counter",
    help: "Endpoints where another process uses our certificate.",
    read: ({ counts }) => single(counts.events.others.get("same-identity") ?? 0),
  },
);

function changes({ counts }: Reading, read: (counts: MemberCounts) => number): readonly Sample[] {
  return [...counts.events.members].map(([msp, of]) => ({ labels: { msp }, value: read(of) }));
}

/** Without other living members there is no age. */
function ofOthers(
  read: (organisation: OrganisationSummary) => number,
): (organisation: OrganisationSummary) => number | undefined {
  return (organisation) => (organisation.othersAlive > 0 ? read(organisation) : undefined);
}

function checksums({ summary }: Reading): readonly Sample[] {
  return [...summary.organisations].flatMap(([msp, { publicChecksum, checksum }]) => {
    const shared = { labels: { msp, scope: "public" }, value: publicChecksum };
    const own = { labels: { msp, scope: "organisation" }, value: checksum };
    if (msp === summary.ownMspId) return [shared, own];
    return summary.isExternal ? [shared] : []; // Invisible members do not make another view.
  });
}

function ownCertificates({ summary, counts, nowMs }: Reading): readonly Sample[] {
  const tls = [...(counts.meters?.tlsNotAfterMs ?? [])];
  const remaining = new Map([["enrolment", summary.ownRemainingMs / 1_000]]);
  for (const [role, atMs] of tls) remaining.set(`tls-${role}`, (atMs - nowMs) / 1_000);
  return by("certificate", remaining);
}
