/**
 * Sets up an MSP from its material, with the checks of Fabric's `setupV142` (spec A 7.2), except
 * that every problem is reported, not only the first. Pure: no files, no clock.
 */
import { GossipError } from "../lib/errors.ts";
import { equalBytes } from "../wire/bytes.ts";
import {
  allOf,
  checkAuthorities,
  checkAuthority,
  type Findings,
  isSelfIssued,
  noFindings,
  parseCaCertificates,
  setUpAuthorities,
  unique,
} from "./authorities.ts";
import { type Certificate, parseCertificate, sanitizeCertificate } from "./certificate.ts";
import { type Authorities, findChain } from "./chain.ts";
import { validityRefusal } from "./judge.ts";
import type { Msp, MspFile, MspMaterial } from "./msp.ts";
import { decodePem } from "./pem.ts";
import {
  isListOf,
  isListSignedBy,
  parseRevocationList,
  type RevocationList,
} from "./revocation.ts";
import { certificatesIn } from "./tls-chain.ts";
import { resolveRoleUnits, resolveUnits } from "./unit-rules.ts";

/** An MSP, or `msp-invalid` with every problem of the material and its remedy. */
export function createMsp(material: MspMaterial): Msp {
  const findings = { ...noFindings(), warnings: [...(material.warnings ?? [])] };
  const msp = setUpMsp(material, findings);
  if (findings.problems.length > 0) throw new GossipError("msp-invalid", findings.problems);
  return msp;
}

/** As {@link createMsp}, but the MSP must not be used if problems were added. */
export function setUpMsp(material: MspMaterial, findings: Findings): Msp {
  const { problems, warnings } = findings;
  if (material.mspId === "") {
    problems.push("The MSP id is empty: set it (peer.localMspId, or mspId of a trusted MSP).");
  }
  const hasRoots = material.rootCerts.length > 0;
  if (!hasRoots && problems.length === 0) problems.push(noRoots(material));
  const before = problems.length;
  // Without roots nothing else can be judged.
  const authorities = hasRoots
    ? setUpAuthorities(material, problems)
    : { roots: [], intermediates: [] };
  // A rule that names a CA which cannot be used is no mistake of its own.
  const unitProblems = problems.length > before || !hasRoots ? [] : problems;
  const lists = readLists(material.revocationLists ?? [], problems);
  const revoked = new Map(allOf(authorities).map((ca) => [ca, serialsRevokedBy(ca, lists)]));
  const tlsAuthorities = setUpTls(material, lists, problems);
  warnOfLaterCas(material, allOf(authorities), warnings);
  warnOfIdleLists(lists, [...allOf(authorities), ...allOf(tlsAuthorities)], warnings);
  warnOfTlsLists(lists, allOf(authorities), allOf(tlsAuthorities), warnings);
  const msp: Msp = {
    mspId: material.mspId,
    ...authorities,
    innerAuthorities: checkAuthorities(authorities, revoked, problems),
    revoked,
    requiredUnits: [],
    roleUnits: new Map(),
    admins: [],
    tlsAuthorities,
    warnings: [...warnings],
  };
  const withRules: Msp = {
    ...msp,
    requiredUnits: resolveUnits(material.requiredUnits ?? [], authorities, unitProblems),
    roleUnits: resolveRoleUnits(material.roleUnits ?? new Map(), authorities, unitProblems),
  };
  return { ...withRules, admins: setUpAdmins(material, withRules, hasRoots, problems) };
}

/** That there is no root CA, and where one lies instead. */
function noRoots({ folder, intermediateCerts = [] }: MspMaterial): string {
  const misplaced = intermediateCerts.find(({ bytes }) => {
    const block = decodePem(bytes);
    const certificate = block && parseCertificate(block.der);
    return certificate !== undefined && isSelfIssued(certificate);
  });
  const remedy = misplaced ? `move ${misplaced.name} there` : "put at least one there";
  const cacerts = folder === undefined ? "cacerts" : `${folder}/cacerts`;
  return `There is no root CA certificate in ${cacerts}: ${remedy}.`;
}

function readLists(files: readonly MspFile[], problems: string[]): readonly NamedList[] {
  return files.flatMap(({ name, bytes }) => {
    const list = parseRevocationList(bytes);
    if (list === undefined) {
      problems.push(
        `${name} is no revocation list that begins with -----BEGIN X509 CRL: replace or remove it.`,
      );
      return [];
    }
    if (list.authorityKeyId === undefined) {
      problems.push(
        `${name} has no authority key identifier, with which no identity would be valid: ` +
          "have the CA issue the list again with one.",
      );
    }
    return [{ name, list }];
  });
}

interface NamedList {
  readonly name: string;
  readonly list: RevocationList;
}

function serialsRevokedBy(ca: Certificate, lists: readonly NamedList[]): ReadonlySet<string> {
  const counting = lists.filter(({ list }) => isListOf(list, ca) && isListSignedBy(list, ca));
  return new Set(counting.flatMap(({ list }) => [...list.serials]));
}

/** CAs behind the first certificate of a file, which Fabric does not read, unless they have a file of their own. */
function warnOfLaterCas(
  { rootCerts, intermediateCerts = [] }: MspMaterial,
  cas: readonly Certificate[],
  warnings: string[],
): void {
  const isRead = ({ serial, subject }: Certificate) =>
    cas.some((ca) => ca.serial === serial && equalBytes(ca.subject.der, subject.der));
  for (const { name, bytes } of [...rootCerts, ...intermediateCerts]) {
    const [, ...later] = certificatesIn(Buffer.from(bytes)).slice(0, CAS_OF_FILE_MAX);
    const unread = later
      .flatMap((der) => parseCertificate(der) ?? [])
      .find((ca) => ca.extensions.isCa === true && !isRead(ca));
    if (unread === undefined) continue;
    warnings.push(
      `${name} also holds the CA ${unread.subject.text}, which does not count: put each CA into a ` +
        "file of its own, as only the first certificate of a file is read.",
    );
  }
}

/** Certificates of one file that are looked at. */
const CAS_OF_FILE_MAX = 8;

/** A list without effect is legal but probably unintended. */
function warnOfIdleLists(
  lists: readonly NamedList[],
  cas: readonly Certificate[],
  warnings: string[],
): void {
  for (const { name, list } of lists) {
    const named = cas.filter((ca) => isListOf(list, ca));
    if (named.some((ca) => isListSignedBy(list, ca))) continue;
    const reason =
      named.length === 0
        ? "its authority key identifier is that of no CA of this MSP"
        : `${named[0]?.subject.text} did not sign it`;
    warnings.push(`${name} is ignored: ${reason}.`);
  }
}

/** Who revokes a TLS certificate may rely on it. */
function warnOfTlsLists(
  lists: readonly NamedList[],
  cas: readonly Certificate[],
  tlsCas: readonly Certificate[],
  warnings: string[],
): void {
  for (const { name, list } of lists) {
    const isOf = (ca: Certificate) => isListOf(list, ca) && isListSignedBy(list, ca);
    const tlsCa = cas.some(isOf) ? undefined : tlsCas.find(isOf);
    if (tlsCa === undefined || list.serials.size === 0) continue;
    warnings.push(
      `${name} is of the TLS CA ${tlsCa.subject.text}: neither Fabric nor we look for revoked TLS ` +
        "certificates, so revoke the enrolment certificate of that member too.",
    );
  }
}

function setUpTls(
  material: MspMaterial,
  lists: readonly NamedList[],
  problems: string[],
): Authorities {
  const rootFiles = material.tlsRootCerts ?? [];
  const intermediateFiles = rootFiles.length > 0 ? (material.tlsIntermediateCerts ?? []) : [];
  const certificates = (files: readonly MspFile[]) =>
    unique(parseCaCertificates(files, problems).map(({ certificate }) => certificate));
  const tls = { roots: certificates(rootFiles), intermediates: certificates(intermediateFiles) };
  for (const ca of allOf(tls)) {
    const [, issuer] = checkAuthority(ca, tls, problems);
    if (issuer !== undefined && serialsRevokedBy(issuer, lists).has(ca.serial)) {
      problems.push(
        `The TLS CA ${ca.subject.text} is revoked: remove it from tlsintermediatecerts.`,
      );
    }
  }
  return tls;
}

function setUpAdmins(
  { folder, adminCerts: files = [], isIncomplete = false }: MspMaterial,
  msp: Msp,
  hasRoots: boolean,
  problems: string[],
): readonly Certificate[] {
  if (files.length === 0 && !msp.roleUnits.has("admin") && !isIncomplete) {
    const where = folder === undefined ? "" : ` in ${folder}`;
    problems.push(
      `The MSP${where} has no administrator: put a certificate into admincerts, or set NodeOUs with ` +
        "Enable: true and an AdminOUIdentifier in config.yaml.",
    );
  }
  if (!hasRoots) return [];
  return parseCaCertificates(files, problems).flatMap(({ name, certificate }) => {
    const found = findChain(certificate, msp);
    const reason = found.ok ? adminFault(certificate, found.chain, msp) : found.reason;
    const issuer = found.ok ? found.chain[1] : undefined;
    if (reason === undefined && issuer !== undefined) {
      return [sanitizeCertificate(certificate, issuer)];
    }
    problems.push(
      `${name} is no administrator of this MSP (${reason ?? "it is a CA"}): replace or remove it.`,
    );
    return [];
  });
}

/** With role rules an administrator must be a client or admin; without, a valid identity. */
function adminFault(
  certificate: Certificate,
  chain: readonly Certificate[],
  msp: Msp,
): string | undefined {
  if (msp.roleUnits.size === 0) return validityRefusal(msp, { certificate, chain })?.reason;
  const allowed = [msp.roleUnits.get("client")?.unit, msp.roleUnits.get("admin")?.unit];
  const units = certificate.subject.organizationalUnits;
  if (allowed.some((unit) => unit !== undefined && units.includes(unit))) return undefined;
  return "its organisational unit is neither the one of clients nor the one of admins";
}
