/** Policies as text, in the notation of Fabric's configtx.yaml. */
import type { Policy, SignatureRule } from "../channel/types/configuration.ts";
import { describeCertificate } from "../msp/describe.ts";
import { decode } from "../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import {
  COMBINED_PRINCIPAL,
  MSP_ROLE_PRINCIPAL,
  type MspPrincipal,
  ORGANIZATION_UNIT,
  PRINCIPAL,
} from "../wire/policy-messages.ts";

/** Deeper rules are not printed. */
const DEPTH_MAX = 8;
/** Principals combined of combined ones. */
const COMBINED_DEPTH_MAX = 2;
const ROLES = ["member", "admin", "client", "peer", "orderer"];

export function policyText(policy: Policy): string {
  switch (policy.type) {
    case "reject":
      return "nobody";
    case "implicit-meta":
      return `${policy.rule} ${policy.subPolicy}`;
    case "signature":
      return ruleText(
        policy.rule,
        policy.principals.map((one) => principalText(one, 0)),
        0,
      );
  }
}

function ruleText(rule: SignatureRule, principals: readonly string[], depth: number): string {
  if (rule.type === "signed-by") return `'${principals[rule.principal] ?? "?"}'`;
  if (depth >= DEPTH_MAX) return "...";
  const rules = rule.rules.map((inner) => ruleText(inner, principals, depth + 1));
  const [only] = rules;
  if (rule.n === 1 && rules.length === 1 && only !== undefined) return only;
  if (rule.n === 1) return `OR(${rules.join(", ")})`;
  if (rule.n === rules.length) return `AND(${rules.join(", ")})`;
  return `OutOf(${[rule.n, ...rules].join(", ")})`;
}

function principalText(
  { principalClassification, principal }: MspPrincipal,
  depth: number,
): string {
  switch (principalClassification) {
    case PRINCIPAL.role:
      return roleText(principal);
    case PRINCIPAL.organizationUnit:
      return unitText(principal);
    case PRINCIPAL.identity:
      return identityText(principal);
    case PRINCIPAL.combined: {
      const combined = decode(COMBINED_PRINCIPAL, principal);
      const parts = combined.ok && depth < COMBINED_DEPTH_MAX ? combined.value.principals : [];
      return parts.map((one) => principalText(one, depth + 1)).join("+");
    }
    default:
      return UNREADABLE;
  }
}

const UNREADABLE = "somebody unreadable";

function roleText(principal: Uint8Array): string {
  const role = decode(MSP_ROLE_PRINCIPAL, principal);
  if (!role.ok) return UNREADABLE;
  return `${role.value.mspIdentifier}.${ROLES[role.value.role] ?? role.value.role}`;
}

function unitText(principal: Uint8Array): string {
  const unit = decode(ORGANIZATION_UNIT, principal);
  if (!unit.ok) return UNREADABLE;
  return `${unit.value.mspIdentifier}.OU=${unit.value.organizationalUnitIdentifier}`;
}

function identityText(principal: Uint8Array): string {
  const identity = decode(SERIALIZED_IDENTITY, principal);
  const certificate = identity.ok ? describeCertificate(identity.value.idBytes) : undefined;
  return identity.ok && certificate ? `${identity.value.mspid}/${certificate.subject}` : UNREADABLE;
}
