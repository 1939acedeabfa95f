/** Ties the organisational-unit rules of an MSP to its CAs (Fabric: `getCertifiersIdentifier`). */
import { equalBytes } from "../wire/bytes.ts";
import { certificateIn, sanitizeAuthority } from "./authorities.ts";
import { type Authorities, findChain, includesCertificate } from "./chain.ts";
import { certifiersIdOf } from "./judge.ts";
import type { MspFile, Role, UnitRule, UnitRuleSource } from "./msp.ts";
import { decodePem } from "./pem.ts";

/** Identifiers by file: usually one CA stands behind all rules. */
type Resolved = Map<string, string | undefined>;

export function resolveUnits(
  sources: readonly UnitRuleSource[],
  authorities: Authorities,
  problems: string[],
): readonly UnitRule[] {
  const resolved: Resolved = new Map();
  return sources.map((source) => resolveUnit(source, authorities, resolved, problems));
}

export function resolveRoleUnits(
  sources: ReadonlyMap<Role, UnitRuleSource>,
  authorities: Authorities,
  problems: string[],
): ReadonlyMap<Role, UnitRule> {
  const rules = resolveUnits([...sources.values()], authorities, problems);
  return new Map([...sources.keys()].flatMap((role, i) => (rules[i] ? [[role, rules[i]]] : [])));
}

function resolveUnit(
  { unit, certificate }: UnitRuleSource,
  authorities: Authorities,
  resolved: Resolved,
  problems: string[],
): UnitRule {
  if (certificate === undefined) return { unit, certifiersId: undefined };
  const file = `${certificate.name}\n${Buffer.from(certificate.bytes).toString("latin1")}`;
  if (!resolved.has(file)) {
    resolved.set(file, certifiersIdIn(certificate, authorities, problems));
  }
  return { unit, certifiersId: resolved.get(file) };
}

function certifiersIdIn(
  file: MspFile,
  authorities: Authorities,
  problems: string[],
): string | undefined {
  const der = decodePem(file.bytes)?.der;
  // Mostly it is a root that has been read and judged already.
  const root = der && authorities.roots.find((one) => equalBytes(one.der, der));
  if (root !== undefined) return certifiersIdOf([root]);
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
