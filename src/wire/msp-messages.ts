/** The MSP of an organisation as a channel configuration holds it (`msp/msp_config.proto`). */
import { bool, bytes, int32, message, repeated, string, table, type Value } from "./schema.ts";

/** The only kind of MSP that gossip works with (Fabric: `msp.FABRIC`). */
export const FABRIC_MSP = 0;

const CERTIFICATES_MAX = 1_000;

export const MSP_CONFIG = table({ type: int32(1), config: bytes(2) });
export const FABRIC_OU_IDENTIFIER = table({
  certificate: bytes(1),
  organizationalUnitIdentifier: string(2),
});
export const FABRIC_NODE_OUS = table({
  enable: bool(1),
  clientOuIdentifier: message(2, FABRIC_OU_IDENTIFIER),
  peerOuIdentifier: message(3, FABRIC_OU_IDENTIFIER),
  adminOuIdentifier: message(4, FABRIC_OU_IDENTIFIER),
  ordererOuIdentifier: message(5, FABRIC_OU_IDENTIFIER),
});
export const FABRIC_CRYPTO_CONFIG = table({
  signatureHashFamily: string(1),
  identityIdentifierHashFunction: string(2),
});
export const KEY_INFO = table({ keyIdentifier: string(1), keyMaterial: bytes(2) });
export const SIGNING_IDENTITY_INFO = table({
  publicSigner: bytes(1),
  privateSigner: message(2, KEY_INFO),
});
export const FABRIC_MSP_CONFIG = table({
  name: string(1),
  rootCerts: repeated(bytes(2), CERTIFICATES_MAX),
  intermediateCerts: repeated(bytes(3), CERTIFICATES_MAX),
  admins: repeated(bytes(4), CERTIFICATES_MAX),
  revocationList: repeated(bytes(5), CERTIFICATES_MAX),
  signingIdentity: message(6, SIGNING_IDENTITY_INFO),
  organizationalUnitIdentifiers: repeated(message(7, FABRIC_OU_IDENTIFIER), CERTIFICATES_MAX),
  cryptoConfig: message(8, FABRIC_CRYPTO_CONFIG),
  tlsRootCerts: repeated(bytes(9), CERTIFICATES_MAX),
  tlsIntermediateCerts: repeated(bytes(10), CERTIFICATES_MAX),
  fabricNodeOus: message(11, FABRIC_NODE_OUS),
});

export type FabricMspConfig = Value<typeof FABRIC_MSP_CONFIG>;
export type FabricOuIdentifier = Value<typeof FABRIC_OU_IDENTIFIER>;
