/** From an MSP folder to an MSP, and to our own identity and signer. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { join } from "node:path";
import type { Identity, Signer } from "../core/abilities.ts";
import { GossipError } from "../errors.ts";
import { certificateIn, type Findings } from "./authorities.ts";
import { type Certificate, sanitizeCertificate } from "./certificate.ts";
import { findChain } from "./chain.ts";
import { setUpMsp } from "./create-msp.ts";
import { describeIdentity, serializeIdentity } from "./identity.ts";
import { judgeIdentity } from "./judge.ts";
import type { Msp, MspFile } from "./msp.ts";
import { readFiles, readMspFolder, readPemFiles } from "./msp-folder.ts";
import { decodePem } from "./pem.ts";
import { createSigner } from "./signer.ts";

/** Our own organisation's MSP with our identity in it. */
export interface LocalMsp {
  readonly msp: Msp;
  /** As a Fabric peer with the same folder would present itself, so with the same PKI-ID. */
  readonly identity: Identity;
  readonly signer: Signer;
}

export interface LocalMspOptions {
  /** Now, in milliseconds since the epoch: like Fabric we do not start with an expired certificate. */
  readonly wallMs: number;
  /**
   * Folder of the private keys. Default: `keystore` in the MSP folder
   * (Fabric: `peer.BCCSP.SW.FileKeyStore.KeyStore`).
   */
  readonly keystore?: string;
}

/**
 * Loads the MSP of an organisation whose members we accept; no certificate or key of our own is
 * looked for. Throws `msp-invalid` with every problem and its remedy.
 */
export async function loadMsp(folder: string, mspId: string): Promise<Msp> {
  const findings: Findings = { problems: [], warnings: [] };
  const msp = setUpMsp(await readMspFolder(folder, mspId, findings), findings);
  throwProblems(findings);
  return msp;
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
  const findings: Findings = { problems: [], warnings: [] };
  const msp = setUpMsp(await readMspFolder(folder, mspId, findings), findings);
  const keystore = options.keystore ?? join(folder, "keystore");
  const signCerts = await readPemFiles(join(folder, "signcerts"), findings, "required");
  const keys = await readFiles(keystore, findings, "required");
  const [file] = signCerts;
  if (file === undefined) {
    findings.problems.push(
      `There is no certificate in ${join(folder, "signcerts")}: put the one of this node there.`,
    );
  }
  const certificate = file && certificateIn(file, findings.problems);
  const key = certificate && findKey(certificate, keys);
  if (certificate !== undefined && key === undefined) {
    findings.problems.push(
      `No file in ${keystore} is the private key of ${file?.name}: put it there as PKCS#8 or SEC1 ` +
        "PEM, unencrypted.",
    );
  }
  const name = file?.name ?? "";
  const identity = certificate && ownIdentity({ name, certificate }, msp, findings, options.wallMs);
  throwProblems(findings);
  if (identity === undefined || key === undefined) throw new GossipError("msp-invalid", name);
  return { msp, identity, signer: createSigner(key) };
}

function throwProblems({ problems }: Findings): void {
  if (problems.length > 0) throw new GossipError("msp-invalid", problems);
}

function findKey(certificate: Certificate, files: readonly MspFile[]): KeyObject | undefined {
  for (const file of files) {
    const key = privateKeyIn(file.bytes);
    if (key !== undefined && createPublicKey(key).equals(certificate.publicKey)) return key;
  }
  return undefined;
}

/** The key in the first PEM block, PKCS#8 or SEC1; undefined if it is anything else. */
function privateKeyIn(bytes: Uint8Array): KeyObject | undefined {
  const block = decodePem(bytes);
  if (block === undefined) return undefined;
  for (const type of ["pkcs8", "sec1"] as const) {
    try {
      return createPrivateKey({ key: Buffer.from(block.der), format: "der", type });
    } catch {
      // Not this format. A keystore may hold other things; the caller reports if nothing fits.
    }
  }
  return undefined;
}

/** Our certificate in the form Fabric sends it, accepted by our own MSP; else adds a problem. */
function ownIdentity(
  own: { readonly name: string; readonly certificate: Certificate },
  msp: Msp,
  { problems, warnings }: Findings,
  wallMs: number,
): Identity | undefined {
  const { name, certificate } = own;
  if (certificate.notAfterMs <= wallMs) {
    const end = new Date(certificate.notAfterMs).toISOString();
    problems.push(`The certificate ${name} expired at ${end}: renew it.`);
  }
  if (certificate.notBeforeMs > wallMs) {
    warnings.push(`The certificate ${name} begins in the future: check the clock of this machine.`);
  }
  const found = findChain(certificate, msp);
  const issuer = found.ok ? found.chain[1] : undefined;
  const sanitized = issuer === undefined ? certificate : sanitizeCertificate(certificate, issuer);
  const origin = { mspId: msp.mspId, ...serializeIdentity(msp.mspId, sanitized.der) };
  const judged = judgeIdentity([msp], msp.mspId, origin.idBytes);
  if (judged.ok) return describeIdentity(judged.value.certificate, origin);
  problems.push(
    `The certificate ${name} is refused by its own MSP (${judged.reason}): ` +
      "use one issued by a CA of this folder, or add its CA.",
  );
  return undefined;
}
