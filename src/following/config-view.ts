/** A configuration for display: organisations, certificates, policies and problems. */
import type {
  ChannelConfiguration,
  ConfigTree,
  Organisation,
} from "../channel/types/configuration.ts";
import { type CertificateDescription, describeCertificate } from "../msp/describe.ts";
import { parseRevocationList } from "../msp/revocation.ts";
import { decode } from "../wire/decode.ts";
import { FABRIC_MSP_CONFIG, type FabricMspConfig, MSP_CONFIG } from "../wire/msp-messages.ts";
import { certificatesOfConfig, inconsistenciesOf, tellEnd } from "./config-problems.ts";
import { policyText } from "./policy-text.ts";
import type { CertificateView, ConfigView, OrganisationView } from "./views.ts";

export function describeConfiguration(
  configuration: ChannelConfiguration,
  trust: string,
  nowMs: number,
): ConfigView {
  const { channel, sequence, blockNumber, capabilities, batch, tree } = configuration;
  const ordererTree = tree.groups.get("Orderer");
  const applicationTree = tree.groups.get("Application");
  const view = {
    channel,
    sequence,
    blockNumber,
    organisations: configuration.organisations.map((one) =>
      describeOrganisation(one, applicationTree),
    ),
    orderers: {
      type: configuration.consensus?.type ?? null,
      isInMaintenance: configuration.consensus?.isInMaintenance ?? false,
      organisations: configuration.ordererOrganisations.map((one) =>
        describeOrganisation(one, ordererTree),
      ),
      consenters: describeConsenters(configuration),
      batch: batch ?? null,
    },
    ordererAddresses: configuration.ordererAddresses,
    capabilities,
    policies: [...configuration.policies]
      .map(([name, policy]) => ({ name, rule: policyText(policy) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    acls: [...configuration.acls].map(([resource, policy]) => ({ resource, policy })),
    trust,
  };
  const expired = certificatesOfConfig(view).filter(({ notAfter }) => notAfter.getTime() <= nowMs);
  const problems = [
    ...inconsistenciesOf(configuration).map(({ detail }) => detail),
    ...expired.map((one) => `${tellEnd(one, nowMs)}: renew it by a configuration update.`),
  ];
  return { ...view, problems: [...new Set(problems)] };
}

function describeOrganisation(
  { name, mspId, anchors, endpoints }: Organisation,
  parent: ConfigTree | undefined,
): OrganisationView {
  const value = parent?.groups.get(name)?.values.get("MSP")?.value;
  const msp = value && decode(MSP_CONFIG, value);
  const config = msp?.ok ? decode(FABRIC_MSP_CONFIG, msp.value.config) : undefined;
  return {
    name,
    mspId,
    anchors: anchors.map(({ host, port }) => `${host}:${port}`),
    endpoints,
    certificates: config?.ok ? certificatesOf(config.value) : [],
    revoked: config?.ok ? revokedBy(config.value) : [],
    nodeOus: config?.ok === true && config.value.fabricNodeOus?.enable === true,
  };
}

function certificatesOf(config: FabricMspConfig): readonly CertificateView[] {
  const kinds = [
    ["root CA", config.rootCerts],
    ["intermediate CA", config.intermediateCerts],
    ["TLS root CA", config.tlsRootCerts],
    ["TLS intermediate CA", config.tlsIntermediateCerts],
    ["admin", config.admins],
  ] as const;
  return kinds.flatMap(([kind, pems]) => pems.flatMap((pem) => viewOf(kind, pem)));
}

function viewOf(kind: string, pem: Uint8Array): readonly CertificateView[] {
  const found: CertificateDescription | undefined = describeCertificate(pem);
  if (found === undefined) return [];
  const { subject, sha256, notAfterMs } = found;
  return [{ kind, subject, sha256, notAfter: new Date(notAfterMs) }];
}

/** Serial numbers, hex. */
function revokedBy({ revocationList }: FabricMspConfig): readonly string[] {
  return revocationList.flatMap((list) => [...(parseRevocationList(list)?.serials ?? [])]);
}

function describeConsenters({
  consensus,
}: ChannelConfiguration): ConfigView["orderers"]["consenters"] {
  const bft = (consensus?.bft ?? []).map((one) => ({
    address: `${one.host}:${one.port}`,
    mspId: one.mspId,
    certificates: [
      ...viewOf("identity", one.identity),
      ...viewOf("TLS client", one.clientTlsCert),
      ...viewOf("TLS server", one.serverTlsCert),
    ],
  }));
  const raft = (consensus?.raft ?? []).map((one) => ({
    address: `${one.host}:${one.port}`,
    mspId: null,
    certificates: [
      ...viewOf("TLS client", one.clientTlsCert),
      ...viewOf("TLS server", one.serverTlsCert),
    ],
  }));
  return [...bft, ...raft];
}
