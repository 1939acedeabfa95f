/** Policies and the principals they name (`common/policies.proto`, `msp/msp_principal.proto`). */
import {
  bytes,
  embedded,
  enumeration,
  int32,
  message,
  oneof,
  repeated,
  type Schema,
  string,
  table,
  type Value,
} from "./schema.ts";

/** Fabric: `Policy.PolicyType`. */
export const POLICY_TYPE = { unknown: 0, signature: 1, msp: 2, implicitMeta: 3 } as const;
/** Fabric: `ImplicitMetaPolicy.Rule`. */
export const META_RULE = { any: 0, all: 1, majority: 2 } as const;
/** Fabric: `MSPPrincipal.Classification`. */
export const PRINCIPAL = {
  role: 0,
  organizationUnit: 1,
  identity: 2,
  anonymity: 3,
  combined: 4,
} as const;
/** Fabric: `MSPRole.MSPRoleType`. */
export const MSP_ROLE = { member: 0, admin: 1, client: 2, peer: 3, orderer: 4 } as const;

/** Identities that one policy names. */
const IDENTITIES_MAX = 1_000;
/** Branches of one rule. */
const RULES_MAX = 1_000;

export const MSP_ROLE_PRINCIPAL = table({
  mspIdentifier: string(1),
  role: enumeration(2, ["MEMBER", "ADMIN", "CLIENT", "PEER", "ORDERER"]),
});
export const ORGANIZATION_UNIT = table({
  mspIdentifier: string(1),
  organizationalUnitIdentifier: string(2),
  certifiersIdentifier: bytes(3),
});
export const MSP_IDENTITY_ANONYMITY = table({
  anonymityType: enumeration(1, ["NOMINAL", "ANONYMOUS"]),
});
const CLASSIFICATIONS = ["ROLE", "ORGANIZATION_UNIT", "IDENTITY", "ANONYMITY", "COMBINED"];
export const MSP_PRINCIPAL = table({
  principalClassification: enumeration(1, CLASSIFICATIONS),
  /** A message that the classification names; of `IDENTITY`, a serialized identity. */
  principal: bytes(2),
});
export const COMBINED_PRINCIPAL = table({
  principals: repeated(message(1, MSP_PRINCIPAL), IDENTITIES_MAX),
});

export const N_OUT_OF = table({
  n: int32(1),
  rules: repeated(embedded(2, signaturePolicy), RULES_MAX),
});
export const SIGNATURE_POLICY = table({
  type: oneof({
    "signed-by": { ...int32(1), name: "signed_by" },
    "n-out-of": message(2, N_OUT_OF, "n_out_of"),
  }),
});
/** Rules hold rules. */
function signaturePolicy(): Schema {
  return SIGNATURE_POLICY;
}
export const SIGNATURE_POLICY_ENVELOPE = table({
  version: int32(1),
  rule: embedded(2, signaturePolicy),
  identities: repeated(message(3, MSP_PRINCIPAL), IDENTITIES_MAX),
});
export const IMPLICIT_META_POLICY = table({
  subPolicy: string(1),
  rule: enumeration(2, ["ANY", "ALL", "MAJORITY"]),
});
/** The value is a message that the type names ({@link POLICY_TYPE}). */
export const POLICY = table({ type: int32(1), value: bytes(2) });

export type MspPrincipal = Value<typeof MSP_PRINCIPAL>;
export type SignaturePolicyEnvelope = Value<typeof SIGNATURE_POLICY_ENVELOPE>;
