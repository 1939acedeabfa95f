/** The MSPs of a channel, built from its configuration for the channel rules. */
import { createHash, hash, type KeyObject, verify } from "node:crypto";
import type {
  ChannelHost,
  ChannelIdentity,
  ChannelMsp,
  MspRules,
  MspSetup,
} from "../channel/types/host.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import { fromHex } from "../wire/bytes.ts";
import type { FabricMspConfig, FabricOuIdentifier } from "../wire/msp-messages.ts";
import { noFindings } from "./authorities.ts";
import { type Certificate, sanitizeCertificate } from "./certificate.ts";
import { includesCertificate } from "./chain.ts";
import { setUpMsp } from "./create-msp.ts";
import {
  certifiersIdOf,
  type Recognized,
  recognizeIdentity,
  refuse,
  rolesByUnit,
  textOf,
  validityRefusal,
} from "./judge.ts";
import type { Msp, MspFile, MspMaterial, Role, UnitRuleSource } from "./msp.ts";
import { acceptableSignature } from "./signatures.ts";

/**
 * Maximum cached identities per organisation, so that a block or StateInfo needs no new judgement.
 */
const REMEMBERED_MAX = 1_000;
/** Longer certificate texts are not cached. */
const REMEMBERED_BYTES_MAX = 8_192;
/** Longer certificate texts are refused without parsing. */
const ID_BYTES_MAX = 65_536;
const ED25519_SIGNATURE_BYTES = 64;

/** Hash functions by the names that a configuration may give them. */
const SIGNATURE_HASHES = new Map([
  ["", "sha256"],
  ["SHA2", "sha256"],
  ["SHA3", "sha3-256"],
]);
const IDENTIFIER_HASHES = new Set(["", "SHA256", "SHA384", "SHA3_256", "SHA3_384"]);

/** The host of the channel rules, implemented with Node. */
export function createChannelHost(): ChannelHost {
  return {
    sha256(parts) {
      const digest = createHash("sha256");
      for (const part of parts) digest.update(part);
      return new Uint8Array(digest.digest());
    },
    startSha256() {
      const digest = createHash("sha256");
      return {
        add: (bytes) => void digest.update(bytes),
        digest: () => new Uint8Array(digest.digest()),
      };
    },
    setUpMsp: setUpChannelMsp,
  };
}

function setUpChannelMsp(config: FabricMspConfig, rules: MspRules): MspSetup {
  const findings = noFindings();
  const msp = setUpMsp(materialOf(config), findings);
  if (findings.problems.length > 0) return { ok: false, problems: findings.problems };
  const names = config.cryptoConfig;
  const isUsable = IDENTIFIER_HASHES.has(names?.identityIdentifierHashFunction ?? "");
  const judge = {
    msp,
    allowsEd25519: rules.allowsEd25519,
    signatureHash: SIGNATURE_HASHES.get(names?.signatureHashFamily ?? ""),
  };
  const remembered = new BoundedMap<string, { readonly identity: ChannelIdentity | undefined }>(
    REMEMBERED_MAX,
  );
  const channelMsp: ChannelMsp = {
    mspId: msp.mspId,
    hasRoleUnits: msp.roleUnits.size > 0,
    warnings: msp.warnings,
    recognize(idBytes) {
      if (!isUsable || idBytes.length > ID_BYTES_MAX) return undefined;
      if (idBytes.length > REMEMBERED_BYTES_MAX) return recognize(judge, idBytes);
      const key = hash("sha256", idBytes, "base64");
      const known = remembered.get(key);
      if (known !== undefined) return known.identity;
      const identity = recognize(judge, idBytes);
      remembered.set(key, { identity });
      return identity;
    },
  };
  behind.set(channelMsp, msp);
  return { ok: true, msp: channelMsp };
}

/** The complete MSPs behind the views that the channel rules get. */
const behind = new WeakMap<ChannelMsp, Msp>();

/** A channel organisation's MSP in the form of an MSP loaded from a folder. */
export function mspOf(channelMsp: ChannelMsp): Msp | undefined {
  return behind.get(channelMsp);
}

interface Judge {
  readonly msp: Msp;
  readonly allowsEd25519: boolean;
  /** Undefined: the configuration names one that Fabric does not know. */
  readonly signatureHash: string | undefined;
}

function recognize(judge: Judge, idBytes: Uint8Array): ChannelIdentity | undefined {
  const { msp, signatureHash } = judge;
  const found = recognizeIdentity(msp, textOf(idBytes));
  if (!found.ok) return undefined;
  const { certificate, chain } = found.value;
  const [, issuer] = chain;
  const sanitized = issuer === undefined ? certificate : sanitizeCertificate(certificate, issuer);
  return {
    mspId: msp.mspId,
    certificate: hash("sha256", sanitized.der, "hex"),
    subject: certificate.subject.text,
    refusal: refusalOf(judge, found.value),
    unitRoles: rolesByUnit(msp, certificate),
    isListedAdmin: includesCertificate(msp.admins, sanitized),
    organizationalUnits: certificate.subject.organizationalUnits,
    certifiersId: fromHex(certifiersIdOf(chain.slice(1))),
    verify: (payload, signature) =>
      signatureHash !== undefined && isSignature(certificate, signatureHash, payload, signature),
  };
}

function refusalOf({ msp, allowsEd25519 }: Judge, found: Recognized): string | undefined {
  const refusal = validityRefusal(msp, found);
  if (refusal !== undefined || allowsEd25519 || found.certificate.curve !== undefined) {
    return refusal?.reason;
  }
  return refuse("identity-invalid", "its key is Ed25519, which needs capability V3_0").reason;
}

function isSignature(
  { publicKey, curve }: { readonly publicKey: KeyObject; readonly curve: Certificate["curve"] },
  hashName: string,
  payload: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (curve === undefined) {
    if (publicKey.asymmetricKeyType !== "ed25519") return false;
    return (
      signature.length === ED25519_SIGNATURE_BYTES && verify(null, payload, publicKey, signature)
    );
  }
  const acceptable = acceptableSignature(signature, curve);
  return acceptable !== undefined && verify(hashName, payload, publicKey, acceptable);
}

/** Files of an MSP folder, by the names of a configuration's fields. */
function materialOf(config: FabricMspConfig): MspMaterial {
  const { fabricNodeOus: nodeOus } = config;
  const unitOf = (
    where: string,
    { organizationalUnitIdentifier, certificate }: FabricOuIdentifier,
  ) => ({
    unit: organizationalUnitIdentifier,
    certificate: { name: where, bytes: certificate },
  });
  const roles: readonly (readonly [Role, FabricOuIdentifier | undefined])[] = [
    ["client", nodeOus?.clientOuIdentifier],
    ["peer", nodeOus?.peerOuIdentifier],
    ["admin", nodeOus?.adminOuIdentifier],
    ["orderer", nodeOus?.ordererOuIdentifier],
  ];
  const roleUnits = new Map<Role, UnitRuleSource>();
  for (const [role, identifier] of nodeOus?.enable === true ? roles : []) {
    if (identifier === undefined) continue;
    const source = unitOf(`fabric_node_ous.${role}_ou_identifier`, identifier);
    const isAnyCa = identifier.certificate.length === 0;
    roleUnits.set(role, isAnyCa ? { ...source, certificate: undefined } : source);
  }
  return {
    mspId: config.name,
    rootCerts: filesOf("root_certs", config.rootCerts),
    intermediateCerts: filesOf("intermediate_certs", config.intermediateCerts),
    adminCerts: filesOf("admins", config.admins),
    revocationLists: filesOf("revocation_list", config.revocationList),
    tlsRootCerts: filesOf("tls_root_certs", config.tlsRootCerts),
    tlsIntermediateCerts: filesOf("tls_intermediate_certs", config.tlsIntermediateCerts),
    requiredUnits: config.organizationalUnitIdentifiers.map((one, i) =>
      unitOf(`organizational_unit_identifiers[${i}]`, one),
    ),
    roleUnits,
  };
}

function filesOf(field: string, contents: readonly Uint8Array[]): readonly MspFile[] {
  return contents.map((bytes, i) => ({ name: `${field}[${i}]`, bytes }));
}
