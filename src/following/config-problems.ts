/** Problems of a configuration: expiring certificates and inconsistent parts. */
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { CertificateView, ConfigView } from "./views.ts";

/** A certificate of a configuration, with its owner. */
export interface OwnedCertificate extends CertificateView {
  /** An MSP-ID, or the address of an orderer. */
  readonly owner: string;
  /** Null if the configuration does not say. */
  readonly mspId: string | null;
}

/** A part of a configuration that will not work. */
export interface Inconsistency {
  readonly mspId: string | null;
  /** A sentence. */
  readonly detail: string;
}

/** Each certificate of an owner once. */
export function certificatesOfConfig({
  organisations,
  orderers,
}: Pick<ConfigView, "organisations" | "orderers">): readonly OwnedCertificate[] {
  const owners = [
    ...[...organisations, ...orderers.organisations].map((one) => ({ ...one, owner: one.mspId })),
    ...orderers.consenters.map((one) => ({ ...one, owner: one.address })),
  ];
  const found = new Map<string, OwnedCertificate>();
  for (const { owner, mspId, certificates } of owners) {
    for (const one of certificates) {
      const key = `${owner} ${one.kind} ${one.sha256}`;
      if (!found.has(key)) found.set(key, { ...one, owner, mspId });
    }
  }
  return [...found.values()];
}

export function tellEnd({ owner, kind, subject, notAfter }: OwnedCertificate, wallMs: number) {
  const verb = notAfter.getTime() <= wallMs ? "expired" : "ends";
  return `${owner}: its ${kind} certificate ${subject} ${verb} at ${notAfter.toISOString()}`;
}

export function inconsistenciesOf({
  faults,
  organisations,
  warnings,
}: Pick<ChannelConfiguration, "faults" | "organisations" | "warnings">): readonly Inconsistency[] {
  return [
    ...faults.map(({ path, detail }) => ({ mspId: null, detail: `${path}: ${detail}.` })),
    ...warnings.map((detail) => ({ mspId: null, detail })),
    ...organisations
      .filter(({ anchors }) => anchors.length === 0)
      .map(({ mspId }) => ({
        mspId,
        detail: `${mspId} has no anchor peer: peers of other organisations do not find its peers. Add one.`,
      })),
  ];
}
