/** Ties the organisational-unit rules of an MSP to its CAs (Fabric: `getCertifiersIdentifier`). */
import { certificateIn, sanitizeAuthority } from "./authorities.ts";
import { type Authorities, findChain, includesCertificate } from "./chain.ts";
import { certifiersIdOf } from "./judge.ts";
import type { MspFile, Role, UnitRule, UnitRuleSource } from "./msp.ts";

export function resolveUnits(
  sources: readonly UnitRuleSource[],
  authorities: Authorities,
  problems: string[],
): readonly UnitRule[] {
  return sources.map((source) => resolveUnit(source, authorities, problems));
}

export function resolveRoleUnits(
  sources: ReadonlyMap<Role, UnitRuleSource>,
  authorities: Authorities,
  problems: string[],
): ReadonlyMap<Role, UnitRule> {
  return new Map(
    [...sources].map(([role, source]) => [role, resolveUnit(source, authorities, problems)]),
  );
}

function resolveUnit(
  { unit, certificate }: UnitRuleSource,
  authorities: Authorities,
  problems: string[],
): UnitRule {
  const certifiersId = certificate && certifiersIdIn(certificate, authorities, problems);
  return { unit, certifiersId };
}

function certifiersIdIn(
  file: MspFile,
  authorities: Authorities,
  problems: string[],
): string | undefined {
  const certificate = certificateIn(file, problems);
  if (certificate === undefined) return undefined;
  const ca = sanitizeAuthority(certificate, authorities);
  if (typeof ca !== "string") {
    if (includesCertificate(authorities.roots, ca)) return certifiersIdOf([ca]);
    const found = findChain(ca, authorities);
    if (found.ok && includesCertificate(authorities.intermediates, ca)) {
      return certifiersIdOf(found.chain);
    }
  }
  problems.push(
    `${file.name}, which an organisational unit in config.yaml refers to, is no CA of this MSP: ` +
      "name a file of cacerts or intermediatecerts.",
  );
  return undefined;
}
