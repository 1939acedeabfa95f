/**
 * The way from a certificate to a root, found and judged like Go's `x509.Certificate.Verify` with
 * the options Fabric passes (spec A 7.4): only the given CAs, one chain, server authentication as
 * the usage, and the moment one second after the certificate begins instead of now.
 */
import { equalBytes } from "../wire/bytes.ts";
import type { Certificate } from "./certificate.ts";
import { legacyNameConstraintFault, nameConstraintFault } from "./name-constraints.ts";
import { arePoliciesValid } from "./policies.ts";
import { isCertifiedBy, weaknessOf } from "./signed.ts";

/** The CAs of one MSP (or its TLS CAs). */
export interface Authorities {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
}

/** Reasons for a missing chain, as far as they need different remedies. */
export type ChainFault =
  /** No known CA has the issuer's name. */
  | "no-issuer"
  /** More than one chain leads to a root. */
  | "several-chains"
  /** An extended key usage omits the required purpose. */
  | "usage"
  /** The certificate of its issuer does not allow it to issue. */
  | "issuer-unfit"
  /** A known CA has the issuer's name but another key. */
  | "issuer-key"
  /** It is signed in a way that Go believes of nobody. */
  | "weak-signature"
  /** Its issuer was not valid at the time of judgement. */
  | "issuer-time"
  /** It is not valid at the time of judgement. */
  | "time"
  /** A CA above it may not vouch for its names. */
  | "names"
  | "other";

/** Why there is no chain; `reason` ends a sentence. */
export interface NoChain {
  readonly code: ChainFault;
  readonly reason: string;
}

/** From the certificate itself to the root; or why there is no such chain. */
type ChainResult =
  | { readonly ok: true; readonly chain: readonly Certificate[] }
  | ({ readonly ok: false } & NoChain);

/** Signatures checked for one certificate before the search gives up; Go's limit. */
const SIGNATURE_CHECKS_MAX = 100;

/** Maximum length of an untrusted identifier in a reason. */
const SHOWN_CHARACTERS_MAX = 100;

const USAGE = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;
const ANY_USAGE = "2.5.29.37.0";

/** The time and purpose for which a chain is judged. */
interface Question {
  readonly atMs: number;
  /** Describes `atMs`; completes a sentence. */
  readonly moment: string;
  /** Describes the owner of the CAs. */
  readonly whose: string;
  /** The extended key usage asked for. */
  readonly usage: string;
}

interface Search extends Question {
  readonly authorities: Authorities;
  readonly chains: (readonly Certificate[])[];
  signatureChecks: number;
  /** Why the first plausible candidate was rejected. */
  fault: NoChain | undefined;
}

/** Finds the one chain of a certificate, judged one second after its notBefore. */
export function findChain(certificate: Certificate, authorities: Authorities): ChainResult {
  const found = findChains(certificate, authorities, {
    atMs: certificate.notBeforeMs + 1_000,
    moment: ", one second after the certificate begins",
    whose: "MSP's",
    usage: USAGE.server,
  });
  if (!found.ok) return found;
  const [chain, ...others] = found.chains;
  if (others.length > 0) {
    return { ok: false, code: "several-chains", reason: "it has more than one chain to a root" };
  }
  const legacyFault = legacyNameConstraintFault(chain);
  if (legacyFault !== undefined) return { ok: false, code: "other", reason: legacyFault };
  return { ok: true, chain };
}

/** Why a certificate is not good for this usage at this time under these CAs, as in Go's TLS. */
export function whyUntrusted(
  certificate: Certificate,
  authorities: Authorities,
  { atMs, use }: { readonly atMs: number; readonly use: "server" | "client" },
): NoChain | undefined {
  const question = { atMs, moment: "", whose: "trusted", usage: USAGE[use] };
  const found = findChains(certificate, authorities, question);
  return found.ok ? undefined : found;
}

type Chains =
  | {
      readonly ok: true;
      readonly chains: readonly [readonly Certificate[], ...(readonly Certificate[])[]];
    }
  | ({ readonly ok: false } & NoChain);

function findChains(
  certificate: Certificate,
  authorities: Authorities,
  question: Question,
): Chains {
  const fault = ownFault(certificate, question);
  if (fault !== undefined) {
    const code = certificate.extensions.unhandledCritical === undefined ? "time" : "other";
    return { ok: false, code, reason: fault };
  }

  const search: Search = {
    ...question,
    authorities,
    chains: [],
    signatureChecks: 0,
    fault: undefined,
  };
  if (includesCertificate(authorities.roots, certificate)) search.chains.push([certificate]);
  else extend(search, [certificate], certificate);

  const faults = new Map(search.chains.map((each) => [each, chainFault(each, question.usage)]));
  const [chain, ...others] = search.chains.filter((each) => faults.get(each) === undefined);
  if (chain !== undefined) return { ok: true, chains: [chain, ...others] };
  const missing: NoChain = search.fault ?? {
    code: "no-issuer",
    reason: `none of the ${question.whose} CAs is its issuer, ${certificate.issuer.text}`,
  };
  return { ok: false, ...([...faults.values()][0] ?? missing) };
}

/** Faults of a complete chain. */
function chainFault(chain: readonly Certificate[], usage: string): NoChain | undefined {
  if (!arePoliciesValid(chain)) {
    const reason = "its chain lacks a certificate policy that its CAs ask for";
    return { code: "other", reason };
  }
  if (chain.every((each) => allows(each, usage))) return undefined;
  const what = usage === USAGE.server ? "server" : "client";
  const reason = `an extended key usage in its chain leaves out ${what} authentication`;
  return { code: "usage", reason };
}

export function includesCertificate(
  list: readonly Certificate[],
  certificate: Certificate,
): boolean {
  return list.some((each) => equalBytes(each.der, certificate.der));
}

function extend(search: Search, chain: readonly Certificate[], last: Certificate): void {
  for (const root of search.authorities.roots) {
    if (isNextIn(search, chain, last, root)) search.chains.push([...chain, root]);
  }
  for (const intermediate of search.authorities.intermediates) {
    if (isNextIn(search, chain, last, intermediate)) {
      extend(search, [...chain, intermediate], intermediate);
    }
  }
}

/**
 * Whether `ca` issued the last certificate of the chain and was entitled to. Records the reason if
 * not.
 */
function isNextIn(
  search: Search,
  chain: readonly Certificate[],
  last: Certificate,
  ca: Certificate,
): boolean {
  if (!equalBytes(last.issuer.der, ca.subject.der)) return false;
  search.signatureChecks++;
  if (chain.some((member) => isSameEntity(member, ca))) return false;
  const fault =
    search.signatureChecks > SIGNATURE_CHECKS_MAX
      ? other("too many CAs have the name of its issuer")
      : (issuerFault(last, ca) ?? authorityFault(ca, chain, search));
  search.fault ??= fault;
  return fault === undefined;
}

const other = (reason: string): NoChain => ({ code: "other", reason });

/** Go's loop check: same subject, key and alternative names. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  const aNames = a.extensions.alternativeNamesDer;
  const bNames = b.extensions.alternativeNamesDer;
  const isSame =
    equalBytes(a.subject.der, b.subject.der) && equalBytes(a.publicKeyDer, b.publicKeyDer);
  if (!isSame) return false;
  if (aNames === undefined || bNames === undefined) return aNames === bNames;
  return equalBytes(aNames, bNames);
}

/** Whether the CA may issue certificates and its key made the signature on this one. */
export function hasIssued(ca: Certificate, certificate: Certificate): boolean {
  return issuerFault(certificate, ca) === undefined;
}

function issuerFault(certificate: Certificate, ca: Certificate): NoChain | undefined {
  const { isCa, maySignCertificates } = ca.extensions;
  const mayIssue = ca.version === 3 ? isCa === true : isCa !== false;
  if (!mayIssue || !maySignCertificates) {
    return { code: "issuer-unfit", reason: `its issuer ${ca.subject.text} may not issue it` };
  }
  if (isCertifiedBy(certificate, ca.publicKey, "refuse")) return undefined;
  const weakness = weaknessOf(certificate);
  if (weakness !== undefined) {
    const reason = `its issuer ${ca.subject.text} signed it with ${weakness}, which Go does not accept`;
    return { code: "weak-signature", reason };
  }
  const reason = `the signature of its issuer ${ca.subject.text} does not verify`;
  return { code: "issuer-key", reason };
}

function authorityFault(
  ca: Certificate,
  chain: readonly Certificate[],
  question: Question,
): NoChain | undefined {
  const { isCa, pathLengthMax, unhandledCritical } = ca.extensions;
  const fault = ownFault(ca, question);
  if (fault !== undefined) {
    const code = unhandledCritical === undefined ? "issuer-time" : "other";
    return { code, reason: `of its CA ${ca.subject.text}: ${fault}` };
  }
  if (isCa !== undefined && pathLengthMax !== undefined && chain.length - 1 > pathLengthMax) {
    return other(`more CAs stand below ${ca.subject.text} than its path length allows`);
  }
  const constraint = nameConstraintFault(ca, chain);
  return constraint === undefined ? undefined : { code: "names", reason: constraint };
}

/** Faults of a certificate that do not depend on its position in the chain. */
function ownFault(certificate: Certificate, { atMs, moment }: Question): string | undefined {
  const { unhandledCritical } = certificate.extensions;
  if (unhandledCritical !== undefined) {
    const shown = unhandledCritical.slice(0, SHOWN_CHARACTERS_MAX);
    return `unknown critical extension ${shown}`;
  }
  if (atMs < certificate.notBeforeMs || atMs > certificate.notAfterMs) {
    return `not valid at ${printTime(atMs)}${moment}`;
  }
  return undefined;
}

/** ISO 8601 to the second; certificates may hold years a Date cannot print, so no exception. */
function printTime(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? "an impossible time" : date.toISOString();
}

function allows(certificate: Certificate, usage: string): boolean {
  const usages = certificate.extensions.extendedKeyUsage;
  return usages.length === 0 || usages.includes(usage) || usages.includes(ANY_USAGE);
}
