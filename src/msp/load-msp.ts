/** Loads an MSP, our identity and our signer from an MSP folder. */
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Identity, Signer } from "../core/types/host.ts";
import { checkArguments, STRING } from "../lib/arguments.ts";
import { GossipError } from "../lib/errors.ts";
import { RENEW_OWN, tellOwnEnd } from "../lib/own-end.ts";
import { certificateIn, type Findings, noFindings, tellSkipped } from "./authorities.ts";
import { type Certificate, parseCertificate, sanitizeCertificate } from "./certificate.ts";
import { findChain } from "./chain.ts";
import { setUpMsp } from "./create-msp.ts";
import { givenSigner } from "./given-signer.ts";
import { describeIdentity, serializeIdentity } from "./identity.ts";
import { CA_REFUSAL, judgeByMsps, rolesByUnit, textOf } from "./judge.ts";
import type { Msp, MspMaterial } from "./msp.ts";
import { readFiles, readMspFolder, readPemFiles } from "./msp-folder.ts";
import { ownRemedy } from "./own-remedy.ts";
import { findPrivateKey } from "./private-key.ts";
import { createSigner } from "./signer.ts";
import { certificatesIn } from "./tls-chain.ts";
import { keyDoubt, whyUnfit } from "./unfit-key.ts";

/** Our own organisation's MSP with our identity in it. */
export interface LocalMsp {
  readonly msp: Msp;
  /** As a Fabric peer with the same folder would present itself, so with the same PKI-ID. */
  readonly identity: Identity;
  readonly signer: Signer;
  /** That our certificate begins in the future, if it does, with the remedy. */
  readonly clockDoubt: string | undefined;
}

export interface LocalMspOptions {
  /** Now, in milliseconds since the epoch: like Fabric we do not start with an expired identity. */
  readonly wallMs: number;
  /** When the certificate ends that a running node has: read again, that one is no problem. */
  readonly inForceUntilMs?: number | undefined;
  /**
   * Folder of the private keys. Default: `keystore` in the MSP folder
   * (Fabric: `peer.BCCSP.SW.FileKeyStore.KeyStore`).
   */
  readonly keystore?: string;
  /** Replaces the private key from the keystore, as with an HSM; the keystore is then not read. */
  readonly signer?: Signer;
  /** Key provider of the configuration (Fabric: `peer.BCCSP.Default`); default `SW`, files. */
  readonly keyProvider?: string;
}

/**
 * Loads the MSP of an organisation whose members we accept; no certificate or key of our own is
 * looked for. Throws `msp-invalid` with every problem and its remedy.
 */
export async function loadMsp(folder: string, mspId: string): Promise<Msp> {
  const rows = [
    ["loadMsp", folder, { ...STRING, words: "the path of an MSP folder" }],
    ["loadMsp", mspId, { ...STRING, words: 'an MSP-ID such as "Org1MSP"' }],
  ] as const;
  checkArguments(rows, "msp-invalid");
  const findings = noFindings();
  const msp = setUpMsp(await readMspFolder(folder, mspId, findings), findings);
  checkProblems(findings);
  return withWarnings(msp, findings);
}

/**
 * Loads our own MSP: the certificate from `signcerts` (the first usable file in name order) and its
 * private key, found by content, so file names do not matter. The certificate must be valid for the
 * MSP and not expired. Throws `msp-invalid` with every problem and its remedy. Spec A 7.1, 7.2.
 */
export async function loadLocalMsp(
  folder: string,
  mspId: string,
  options: LocalMspOptions,
): Promise<LocalMsp> {
  const findings = noFindings();
  const material = await readMspFolder(folder, mspId, findings);
  const msp = setUpMsp(material, findings);
  const isSound = findings.problems.length === 0;
  const own = await readOwnCertificate(join(folder, "signcerts"), findings);
  const keystore = options.keystore ?? join(folder, "keystore");
  const isFit = own !== undefined && checkKind(own, findings.problems);
  const signer =
    options.signer !== undefined
      ? givenSigner(options.signer)
      : isFit
        ? await readOwnSigner(own, keystore, options.keyProvider, findings)
        : undefined;
  const isMisplaced = signer === "misplaced";
  if (own !== undefined && !isMisplaced) checkEnd(own, options, findings.problems);
  // Without valid CAs, our certificate cannot be judged.
  const identity =
    isFit && isSound && !isMisplaced
      ? ownIdentity(own, msp, material, findings.problems)
      : undefined;
  checkProblems(findings);
  assert(own && identity && signer && !isMisplaced, "whatever is missing is among the problems");
  const doubts = [keyDoubt(own.name, own.certificate.publicKey), roleDoubt(own, msp)];
  findings.warnings.push(...doubts.filter((doubt) => doubt !== undefined));
  const clockDoubt = beginningOf(own, options.wallMs);
  return { msp: withWarnings(msp, findings), identity, signer, clockDoubt };
}

function withWarnings(msp: Msp, { warnings, hints, skipped }: Findings): Msp {
  return { ...msp, warnings: [...warnings, ...hints, ...skipped.map(tellSkipped)] };
}

interface OwnCertificate {
  readonly name: string;
  readonly certificate: Certificate;
  /** Certificates behind it, in its file and in later ones of the folder. */
  readonly others: readonly { readonly name: string; readonly certificate: Certificate }[];
}

async function readOwnCertificate(
  signCerts: string,
  findings: Findings,
): Promise<OwnCertificate | undefined> {
  const { problems, skipped: allSkipped } = findings;
  const [skippedBefore, problemsBefore] = [allSkipped.length, problems.length];
  const [file, ...laterFiles] = await readPemFiles(signCerts, findings);
  if (file === undefined && problems.length > problemsBefore) return undefined;
  if (file === undefined) {
    // An unusable file is the cause, so report it as a problem, not a warning.
    const skipped = allSkipped.splice(skippedBefore).map(tellSkipped);
    const [empty] = await readFiles(signCerts, findings, "optional");
    const why = empty ? ` (${empty.name} is empty)` : "";
    const remedy = (await isOfOrganisation(signCerts))
      ? "this folder has the CAs of an organisation alone, so name the msp folder of this peer"
      : "put the one of this node there";
    const none = `There is no certificate in ${signCerts}${why}: ${remedy}.`;
    problems.push(...(skipped.length > 0 ? skipped : [none]));
    return undefined;
  }
  const certificate = certificateIn(file, findings.problems);
  if (certificate === undefined) return undefined;
  const others = [file, ...laterFiles].flatMap(({ name, bytes }) =>
    certificatesIn(Buffer.from(bytes))
      .slice(name === file.name ? 1 : 0, OTHERS_MAX)
      .map((der) => ({ name, certificate: parseCertificate(der) })),
  );
  return {
    name: file.name,
    certificate,
    others: others
      .slice(0, OTHERS_MAX)
      .flatMap(({ name, certificate }) => (certificate === undefined ? [] : { name, certificate })),
  };
}

/** Whether an MSP folder has neither a certificate nor a key of its own, as that for a channel's configuration. */
async function isOfOrganisation(signCerts: string): Promise<boolean> {
  const there = await Promise.allSettled([stat(signCerts), stat(join(signCerts, "../keystore"))]);
  return there.every(({ status }) => status === "rejected");
}

/** Maximum number of further certificates in signcerts that are examined. */
const OTHERS_MAX = 8;

/** Maximum number of keystore files named in a problem. */
const NAMED_MAX = 3;
const PUT_KEY_THERE = "put it there as PKCS#8 or SEC1 PEM, unencrypted";

/** `misplaced`: the key belongs to another certificate in signcerts, which is then the problem. */
async function readOwnSigner(
  own: OwnCertificate,
  keystore: string,
  keyProvider: string | undefined,
  findings: Findings,
): Promise<Signer | "misplaced" | undefined> {
  const { name, certificate } = own;
  const before = findings.problems.length;
  const found = await findPrivateKey(certificate.publicKey, keystore, findings);
  if (findings.problems.length > before) return undefined; // The folder cannot be read.
  if ("key" in found) return createSigner(found.key);
  const meant = await findMeant(own, keystore);
  if (meant !== undefined) {
    const remedy =
      meant === name ? "put that certificate first in the file" : `remove ${name} from the folder`;
    findings.problems.push(
      `The first certificate in ${name} counts as ours, but the key in ${keystore} is that of a ` +
        `later one${meant === name ? "" : `, in ${meant}`}: ${remedy}.`,
    );
    return "misplaced";
  }
  if (keyProvider !== undefined && keyProvider.toUpperCase() !== "SW") {
    findings.problems.push(
      `The private key of ${name} is not in ${keystore}, and peer.BCCSP.Default is ${keyProvider}, ` +
        "which this program does not speak: use the library, where a signer of yours asks the HSM " +
        "(GossipNode.start(config, { signer })), or set SW and put the key into a file.",
    );
    return undefined;
  }
  const { others } = found;
  const reasons = others.slice(0, NAMED_MAX).map((other) => `${other.name}: ${other.why}`);
  const inBrackets = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
  const remedy = others.find((other) => other.remedy)?.remedy ?? PUT_KEY_THERE;
  findings.problems.push(
    `No file in ${keystore} is the private key of ${name}${inBrackets}: ${remedy}.`,
  );
  return undefined;
}

/** The file of a further certificate whose key is in the keystore. */
async function findMeant(
  { others }: OwnCertificate,
  keystore: string,
): Promise<string | undefined> {
  for (const { name, certificate } of others) {
    if (certificate.extensions.isCa === true) continue;
    if ("key" in (await findPrivateKey(certificate.publicKey, keystore, noFindings()))) return name;
  }
  return undefined;
}

/** Whether our certificate has a key that can sign in Fabric; else adds a problem. */
function checkKind({ name, certificate }: OwnCertificate, problems: string[]): boolean {
  const unfit = whyUnfit(certificate.publicKey);
  if (unfit === undefined) return true;
  problems.push(
    `The certificate ${name} has ${unfit}, which cannot sign in Fabric: ` +
      "have one issued for an ECDSA key on P-256.",
  );
  return false;
}

function checkEnd(
  { name, certificate: { notAfterMs } }: OwnCertificate,
  { wallMs, inForceUntilMs }: LocalMspOptions,
  problems: string[],
): void {
  if (notAfterMs > wallMs || notAfterMs === inForceUntilMs) return;
  const told = tellOwnEnd(`${new Date(notAfterMs).toISOString()} (${name})`);
  problems.push(`${told.slice(0, 1).toUpperCase()}${told.slice(1)}. ${RENEW_OWN}`);
}

function beginningOf({ name, certificate }: OwnCertificate, wallMs: number): string | undefined {
  if (certificate.notBeforeMs <= wallMs) return undefined;
  return `The certificate ${name} begins in the future: check the clock of this machine.`;
}

/** Fabric's peers start with any role, and others accept it; but a shell often points at an administrator's folder. */
function roleDoubt({ name, certificate }: OwnCertificate, msp: Msp): string | undefined {
  const [role] = rolesByUnit(msp, certificate);
  if (role === undefined || role === "peer") return undefined;
  const risk =
    role === "admin" ? ", and whoever gets at the key here can change the organisation" : "";
  return (
    `The certificate ${name} has the role "${role}", not that of a peer: members accept it, but ` +
    `policies that ask for a peer do not count this one${risk}. Set peer.mspConfigPath to the msp ` +
    "folder of this peer, or correct NodeOUs in config.yaml if they give it that role."
  );
}

/**
 * Throws the problems, if any, together with skipped files, one of which may be the missing one.
 */
function checkProblems({ problems, skipped, hints }: Findings): void {
  if (problems.length === 0) return;
  const told = [...problems, ...hints, ...skipped.map(tellSkipped)];
  // Several parts of config.yaml may name one file.
  throw new GossipError("msp-invalid", [...new Set(told)]);
}

/** Our certificate in the form Fabric sends it, accepted by our own MSP; else adds a problem. */
function ownIdentity(
  { name, certificate }: OwnCertificate,
  msp: Msp,
  material: MspMaterial,
  problems: string[],
): Identity | undefined {
  const { mspId } = msp;
  const written = { mspId, ...serializeIdentity(mspId, certificate.der) };
  const first = judgeByMsps([msp], mspId, textOf(written.idBytes));
  const chain = first.ok ? first.value.chain : chainOf(certificate, msp);
  const issuer = chain[1];
  const sanitized = issuer === undefined ? certificate : sanitizeCertificate(certificate, issuer);
  const isSent = sanitized === certificate;
  const origin = isSent ? written : { mspId, ...serializeIdentity(mspId, sanitized.der) };
  const judged = isSent ? first : judgeByMsps([msp], mspId, textOf(origin.idBytes));
  if (judged.ok) return describeIdentity(judged.value.certificate, origin);
  // A CA's own signature may have another form in the folder of CAs, and then it has no issuer there.
  const refusal = certificate.extensions.isCa === true ? CA_REFUSAL : judged;
  problems.push(
    `The certificate ${name} is refused by its own MSP (${refusal.reason}): ` +
      `${ownRemedy(refusal, certificate, material)}.`,
  );
  return undefined;
}

function chainOf(certificate: Certificate, msp: Msp): readonly Certificate[] {
  const found = findChain(certificate, msp);
  return found.ok ? found.chain : [];
}
