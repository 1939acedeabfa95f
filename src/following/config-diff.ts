/** Differences between two configurations, as text and by path. */
import type { ChannelConfiguration, ConfigTree } from "../channel/types/configuration.ts";
import { EMPTY_BYTES, equalBytes } from "../wire/bytes.ts";
import type { ConfigDiff, ConfigView, OrganisationView } from "./views.ts";

interface Described {
  readonly configuration: ChannelConfiguration;
  readonly view: ConfigView;
}

export function diffConfigurations(before: Described, after: Described): ConfigDiff {
  const old = countRepeated(factsOf(before.view));
  const now = countRepeated(factsOf(after.view));
  return {
    added: [...now].filter((fact) => !old.has(fact)),
    removed: [...old].filter((fact) => !now.has(fact)),
    paths: differingPaths("/Channel", before.configuration.tree, after.configuration.tree),
  };
}

/** A configuration may name the same thing twice, such as an anchor peer. */
function countRepeated(facts: readonly string[]): ReadonlySet<string> {
  const times = new Map<string, number>();
  for (const fact of facts) times.set(fact, (times.get(fact) ?? 0) + 1);
  return new Set([...times].map(([fact, n]) => (n === 1 ? fact : `${fact} (${n} times)`)));
}

/** The whole configuration, one line per fact. */
function factsOf(view: ConfigView): readonly string[] {
  const { organisations, orderers, capabilities, policies, acls, ordererAddresses } = view;
  const { type, consenters, batch, isInMaintenance } = orderers;
  return [
    ...organisations.flatMap((one) => factsOfOrganisation("organisation", one)),
    ...orderers.organisations.flatMap((one) => factsOfOrganisation("orderer organisation", one)),
    ...ordererAddresses.map((address) => `orderer address ${address}`),
    `consensus ${type ?? "none"}${isInMaintenance ? ", in maintenance" : ""}`,
    ...consenters.flatMap(({ address, certificates }) => [
      `orderer ${address}`,
      ...certificates.map((one) => `orderer ${address}: ${certificateText(one)}`),
    ]),
    ...(batch === null
      ? []
      : [
          `batch: ${batch.messagesMax} messages, ${batch.absoluteBytesMax} bytes at most, ` +
            `${batch.preferredBytesMax} preferred, ${batch.timeout}`,
        ]),
    ...Object.entries(capabilities).flatMap(([level, names]) =>
      names.map((name: string) => `capability ${name} of the ${level}`),
    ),
    ...policies.map(({ name, rule }) => `policy ${name}: ${rule}`),
    ...acls.map(({ resource, policy }) => `access to ${resource}: ${policy}`),
  ];
}

function factsOfOrganisation(what: string, organisation: OrganisationView): readonly string[] {
  const { mspId, anchors, endpoints, certificates, revoked, nodeOus } = organisation;
  return [
    `${what} ${mspId}`,
    ...anchors.map((anchor) => `${mspId}: anchor peer ${anchor}`),
    ...endpoints.map((endpoint) => `${mspId}: orderer endpoint ${endpoint}`),
    ...certificates.map((certificate) => `${mspId}: ${certificateText(certificate)}`),
    ...revoked.map((serial) => `${mspId}: certificate with serial number ${serial} is revoked`),
    `${mspId}: roles ${nodeOus ? "by organisational units" : "not by organisational units"}`,
  ];
}

function certificateText({
  kind,
  subject,
  sha256,
  notAfter,
}: OrganisationView["certificates"][number]): string {
  return `${kind} ${subject}, until ${notAfter.toISOString()}, SHA-256 ${sha256.slice(0, 16)}`;
}

/** Values and policies that differ; an added or removed group is one path. */
function differingPaths(path: string, before: ConfigTree, after: ConfigTree): readonly string[] {
  const values = differingKeys(before.values, after.values, (a, b) => equalBytes(a.value, b.value));
  const policies = differingKeys(before.policies, after.policies, (a, b) => {
    const [one, other] = [a.policy?.value ?? EMPTY_BYTES, b.policy?.value ?? EMPTY_BYTES];
    return a.policy?.type === b.policy?.type && equalBytes(one, other);
  });
  const groups = differingKeys(before.groups, after.groups, () => true);
  const inside = [...before.groups].flatMap(([name, group]) => {
    const other = after.groups.get(name);
    return other === undefined ? [] : differingPaths(`${path}/${name}`, group, other);
  });
  return [...[...values, ...groups, ...policies].map((key) => `${path}/${key}`), ...inside];
}

function differingKeys<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  areEqual: (a: T, b: T) => boolean,
): readonly string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => {
    const [a, b] = [before.get(key), after.get(key)];
    return a === undefined || b === undefined || !areEqual(a, b);
  });
}
