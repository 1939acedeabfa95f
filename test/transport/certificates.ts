/** TLS certificates for tests: one CA per call, leaf certificates under it. P-256, one day. */
import { createHash, webcrypto } from "node:crypto";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

pkijs.setEngine("node", new pkijs.CryptoEngine({ crypto: webcrypto }));

export interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** SHA-256 of the DER. */
  readonly hash: Buffer;
}

export interface TestAuthority {
  readonly cert: Buffer;
  issue(commonName: string, options?: LeafOptions): Promise<Credentials>;
}

export interface LeafOptions {
  /** Hosts, addresses, URIs; default: localhost and 127.0.0.1. */
  readonly names?: readonly string[];
  /** Days from now until the certificate expires; default 1. */
  readonly days?: number;
}

type Pair = { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
type CryptoKey = webcrypto.CryptoKey;

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const DAY_MS = 86_400_000;
let serial = 1;

function pem(label: string, der: ArrayBuffer): Buffer {
  const text = Buffer.from(der)
    .toString("base64")
    .replaceAll(/.{1,64}/g, "$&\n");
  return Buffer.from(`-----BEGIN ${label}-----\n${text}-----END ${label}-----\n`);
}

function name(commonName: string): pkijs.RelativeDistinguishedNames {
  const value = new asn1js.Utf8String({ value: commonName });
  return new pkijs.RelativeDistinguishedNames({
    typesAndValues: [new pkijs.AttributeTypeAndValue({ type: "2.5.4.3", value })],
  });
}

function alternativeName(host: string): pkijs.GeneralName {
  if (host.includes("://")) return new pkijs.GeneralName({ type: 6, value: host });
  if (!/^[\d.]+$/.test(host)) return new pkijs.GeneralName({ type: 2, value: host });
  const bytes = Uint8Array.from(host.split(".").map(Number));
  return new pkijs.GeneralName({
    type: 7,
    value: new asn1js.OctetString({ valueHex: bytes.buffer }),
  });
}

function extension(id: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID: id, critical, extnValue: value.toBER(false) });
}

async function certify(
  subject: { readonly commonName: string; readonly key: CryptoKey; readonly days: number },
  issuer: { readonly commonName: string; readonly key: CryptoKey },
  extensions: pkijs.Extension[],
): Promise<ArrayBuffer> {
  const certificate = new pkijs.Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ value: serial++ });
  certificate.issuer = name(issuer.commonName);
  certificate.subject = name(subject.commonName);
  certificate.notBefore.value = new Date(Date.now() - 2 * DAY_MS);
  certificate.notAfter.value = new Date(Date.now() + subject.days * DAY_MS);
  certificate.extensions = extensions;
  await certificate.subjectPublicKeyInfo.importKey(subject.key);
  await certificate.sign(issuer.key, "SHA-256");
  return certificate.toSchema(true).toBER(false);
}

async function keyPair(): Promise<Pair> {
  return webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
}

export async function createAuthority(commonName: string): Promise<TestAuthority> {
  const pair = await keyPair();
  const issuer = { commonName, key: pair.privateKey };
  const isCa = new pkijs.BasicConstraints({ cA: true }).toSchema();
  const subject = { commonName, key: pair.publicKey, days: 2 };
  const der = await certify(subject, issuer, [extension("2.5.29.19", true, isCa)]);
  return {
    cert: pem("CERTIFICATE", der),

    async issue(leafName, { names = ["localhost", "127.0.0.1"], days = 1 } = {}) {
      const leaf = await keyPair();
      const san = new pkijs.GeneralNames({ names: names.map(alternativeName) }).toSchema();
      const extensions = names.length > 0 ? [extension("2.5.29.17", false, san)] : [];
      const subject = { commonName: leafName, key: leaf.publicKey, days };
      const leafDer = await certify(subject, issuer, extensions);
      const key = await webcrypto.subtle.exportKey("pkcs8", leaf.privateKey);
      const hash = createHash("sha256").update(Buffer.from(leafDer)).digest();
      return { cert: pem("CERTIFICATE", leafDer), key: pem("PRIVATE KEY", key), hash };
    },
  };
}
