/** Whether an identity is one of those that a policy names (Fabric: `SatisfiesPrincipal`, MSP 1.4.3). */
import { equalBytes } from "../../wire/bytes.ts";
import { decode } from "../../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../../wire/messages.ts";
import {
  COMBINED_PRINCIPAL,
  MSP_IDENTITY_ANONYMITY,
  MSP_ROLE,
  MSP_ROLE_PRINCIPAL,
  type MspPrincipal,
  ORGANIZATION_UNIT,
  PRINCIPAL,
} from "../../wire/policy-messages.ts";
import type { ChannelIdentity, ChannelMsp, ChannelMsps, ChannelRole } from "../types/host.ts";

/** Maximum nesting of combined principals; Fabric has no limit. */
const DEPTH_MAX = 10;
const NOMINAL = 0;

export function satisfiesPrincipal(
  msps: ChannelMsps,
  identity: ChannelIdentity,
  principal: MspPrincipal,
  depth = 0,
): boolean {
  const { principalClassification, principal: bytes } = principal;
  switch (principalClassification) {
    case PRINCIPAL.role:
      return hasRole(msps.get(identity.mspId), identity, bytes);
    case PRINCIPAL.organizationUnit:
      return hasUnit(identity, bytes);
    case PRINCIPAL.identity:
      return isIdentity(msps, identity, bytes);
    case PRINCIPAL.anonymity: {
      // A certificate is never anonymous; naming it does not require validity.
      const anonymity = decode(MSP_IDENTITY_ANONYMITY, bytes);
      return anonymity.ok && anonymity.value.anonymityType === NOMINAL;
    }
    case PRINCIPAL.combined:
      return isCombination(msps, identity, bytes, depth);
    default:
      return false;
  }
}

const ROLE_OF = new Map<number, ChannelRole>([
  [MSP_ROLE.client, "client"],
  [MSP_ROLE.peer, "peer"],
  [MSP_ROLE.admin, "admin"],
  [MSP_ROLE.orderer, "orderer"],
]);

function hasRole(
  msp: ChannelMsp | undefined,
  identity: ChannelIdentity,
  bytes: Uint8Array,
): boolean {
  const wanted = decode(MSP_ROLE_PRINCIPAL, bytes);
  if (!wanted.ok || wanted.value.mspIdentifier !== identity.mspId) return false;
  const isValid = identity.refusal === undefined;
  if (wanted.value.role === MSP_ROLE.member) return isValid;
  const role = ROLE_OF.get(wanted.value.role);
  // Setup has already validated listed administrators.
  if (role === "admin" && identity.isListedAdmin) return true;
  if (role === undefined || msp?.hasRoleUnits !== true) return false;
  return isValid && identity.unitRoles.includes(role);
}

function hasUnit(identity: ChannelIdentity, bytes: Uint8Array): boolean {
  const wanted = decode(ORGANIZATION_UNIT, bytes);
  if (!wanted.ok || wanted.value.mspIdentifier !== identity.mspId) return false;
  const { organizationalUnitIdentifier: unit, certifiersIdentifier } = wanted.value;
  return (
    identity.refusal === undefined &&
    identity.organizationalUnits.includes(unit) &&
    equalBytes(identity.certifiersId, certifiersIdentifier)
  );
}

/** The certificate itself, which must be valid. */
function isIdentity(msps: ChannelMsps, identity: ChannelIdentity, bytes: Uint8Array): boolean {
  const wanted = decode(SERIALIZED_IDENTITY, bytes);
  if (!wanted.ok || wanted.value.mspid !== identity.mspId) return false;
  const other = msps.get(identity.mspId)?.recognize(wanted.value.idBytes);
  return other?.certificate === identity.certificate && other.refusal === undefined;
}

function isCombination(
  msps: ChannelMsps,
  identity: ChannelIdentity,
  bytes: Uint8Array,
  depth: number,
): boolean {
  const combined = decode(COMBINED_PRINCIPAL, bytes);
  if (!combined.ok || depth >= DEPTH_MAX) return false;
  const { principals } = combined.value;
  return (
    principals.length > 0 &&
    principals.every((one) => satisfiesPrincipal(msps, identity, one, depth + 1))
  );
}
