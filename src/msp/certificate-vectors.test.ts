/** What Fabric v2.5.16 and v3.1.5 say of 1,600 certificates of every kind, and what we say. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createMsp } from "./create-msp.ts";
import { formRefusal, recognizeIdentity, rolesOf, textOf, validityRefusal } from "./judge.ts";
import type { Msp, MspFile, Role, UnitRuleSource } from "./msp.ts";
import { encodePem } from "./pem.ts";

interface Rule {
  readonly unit: string;
  readonly ca?: string;
}

/** Certificates and lists in base64. `v2` and `v3`: whether Fabric sets the MSP up. */
interface MspVector {
  readonly name: string;
  readonly roots: readonly string[];
  readonly intermediates?: readonly string[];
  readonly admins?: readonly string[];
  readonly revocationLists?: readonly string[];
  readonly requiredUnits?: readonly Rule[];
  /** Default: a unit for each role, named after it. */
  readonly roles?: Readonly<Record<string, Rule>>;
  readonly v2: "ok" | "refused";
  readonly v3: "ok" | "refused";
}

/** `v2` and `v3`: "ok" and the roles, or the step that refused. */
interface CertificateVector {
  readonly name: string;
  readonly msp: string;
  /** The certificate in base64, or a whole text, in Latin-1, that may hold one. */
  readonly der?: string;
  readonly text?: string;
  readonly v2: string;
  readonly v3: string;
  /** Seconds since the epoch. */
  readonly notAfter?: number;
}

/**
 * Fabric sets these MSPs up and then refuses every identity, because a revocation list does not
 * name its CA. We refuse the MSP with a sentence about the list.
 */
const REFUSED_SOONER: ReadonlySet<string> = new Set([
  "CRL: no extensions",
  "CRL: no key id",
  "CRL: key id malformed",
  "CRL: version 1",
]);

/** Fabric 2.5 refuses to set these up although no rule of MSPs is broken: it lacks Ed25519. */
const NEEDS_FABRIC_3: ReadonlySet<string> = new Set(["ca ed"]);

/** The name of a CA is text to Go wherever it reads certificates, but not in lists. */
const REFUSED_BY_US: ReadonlySet<string> = new Set(["CRL: issuer odd type"]);

const { msps, certificates } = JSON.parse(
  readFileSync(new URL("../../test/vectors/certificates.json", import.meta.url), "utf8"),
) as { readonly msps: readonly MspVector[]; readonly certificates: readonly CertificateVector[] };

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));
const fileOf = (der: string): MspFile => ({
  name: "vector.pem",
  bytes: encodePem("CERTIFICATE", bytesOf(der)),
});
const ruleOf = ({ unit, ca }: Rule): UnitRuleSource => ({
  unit,
  certificate: ca === undefined ? undefined : fileOf(ca),
});
const ROLE_UNITS = Object.fromEntries(
  ["client", "peer", "admin", "orderer"].map((unit) => [unit, { unit }]),
);

function setUp(vector: MspVector): Msp | undefined {
  const { intermediates = [], admins = [], revocationLists = [], requiredUnits = [] } = vector;
  const roles = Object.entries(vector.roles ?? ROLE_UNITS);
  try {
    return createMsp({
      mspId: "OrgMSP",
      rootCerts: vector.roots.map(fileOf),
      intermediateCerts: intermediates.map(fileOf),
      adminCerts: admins.map(fileOf),
      revocationLists: revocationLists.map((list) => ({ name: "crl", bytes: bytesOf(list) })),
      requiredUnits: requiredUnits.map(ruleOf),
      roleUnits: new Map(roles.map(([role, rule]) => [role as Role, ruleOf(rule)])),
    });
  } catch (error) {
    assert(error instanceof Error && error.name === "GossipError", `${vector.name}: ${error}`);
    return undefined;
  }
}

/** "ok" and the roles, or "refused". */
function judge(msp: Msp, idBytes: Uint8Array): { readonly verdict: string; notAfter?: number } {
  const recognized = recognizeIdentity(msp, textOf(idBytes));
  if (!recognized.ok) return { verdict: "refused" };
  const identity = recognized.value;
  if (formRefusal(identity) ?? validityRefusal(msp, identity)) return { verdict: "refused" };
  const roles = [...rolesOf(msp, identity)].sort();
  return {
    verdict: ["ok", ...roles].join(" "),
    notAfter: identity.certificate.notAfterMs / 1_000,
  };
}

function idBytesOf({ der, text = "" }: CertificateVector): Uint8Array {
  return der === undefined ? Uint8Array.from(Buffer.from(text, "latin1")) : fileOf(der).bytes;
}

const wordOf = (verdict: string) => (verdict.startsWith("ok") ? verdict : "refused");
const set = new Map(msps.map((vector) => [vector.name, setUp(vector)]));

test("MSPs are set up as in Fabric 3", () => {
  for (const { name, v2, v3 } of msps) {
    const want = v3 === "ok" && !REFUSED_SOONER.has(name) && !REFUSED_BY_US.has(name);
    assert.equal(set.get(name) !== undefined, want, name);
    if (!NEEDS_FABRIC_3.has(name)) assert.equal(v2, v3, name);
  }
});

describe("certificates are judged as in Fabric 3", () => {
  assert(certificates.length >= 1_600);
  const byMsp = Map.groupBy(certificates, ({ msp }) => msp);
  for (const [name, vectors] of byMsp) {
    test(`below ${name}`, () => {
      const msp = set.get(name);
      for (const vector of vectors) {
        if (msp === undefined) continue;
        const got = judge(msp, idBytesOf(vector));
        const want = wordOf(vector.v3);
        assert.equal(got.verdict, want, vector.name);
        assert.equal(got.notAfter, vector.notAfter, vector.name);
      }
    });
  }
});

test("Fabric 2.5 judges otherwise where a key is Ed25519 or RSA, and nowhere else", () => {
  const different = certificates.filter(({ v2, v3 }) => wordOf(v2) !== wordOf(v3));
  assert.equal(different.length, 11);
  for (const { name, msp } of different)
    assert.match(`${name} ${msp}`, /RSA|ed25519|Ed25519|ca ed/);
});
