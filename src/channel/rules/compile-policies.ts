/** From the policies of a tree to policies that can be evaluated (Fabric: `policies.NewManagerImpl`). */
import { decode } from "../../wire/decode.ts";
import {
  IMPLICIT_META_POLICY,
  META_RULE,
  POLICY_TYPE,
  SIGNATURE_POLICY,
  SIGNATURE_POLICY_ENVELOPE,
} from "../../wire/policy-messages.ts";
import type {
  ConfigFault,
  ConfigTree,
  Policy,
  PolicyLeaf,
  SignatureRule,
} from "../types/configuration.ts";

/** Rules within rules of one policy. */
const DEPTH_MAX = 32;
/** Rules of one policy: those who may satisfy it, and how many of them must. */
const RULES_MAX = 4_000;

const REJECT: Policy = { type: "reject" };

/** The policies of a group and of all below it by their names from there on, `Org1/Readers`. */
interface Scope {
  /** Without the leading slash: `Channel/Application`. */
  readonly path: string;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** All policies of a configuration by their full names; adds what cannot be read to the faults. */
export function compilePolicies(
  tree: ConfigTree,
  faults: ConfigFault[],
): ReadonlyMap<string, Policy> {
  const { path, policies } = compileScope("Channel", tree, faults);
  return new Map([...policies].map(([name, policy]) => [`/${path}/${name}`, policy]));
}

function compileScope(path: string, tree: ConfigTree, faults: ConfigFault[]): Scope {
  const below = new Map(
    [...tree.groups].map(([name, group]) => [name, compileScope(`${path}/${name}`, group, faults)]),
  );
  const scopes = [...below.values()];
  const policies = new Map<string, Policy>();
  for (const [name, leaf] of tree.policies) {
    const policy = compilePolicy(leaf, scopes);
    if (typeof policy !== "string") policies.set(name, policy);
    else faults.push({ code: "config-policy", path: `/${path}/${name}`, detail: policy });
  }
  for (const [group, scope] of below) {
    for (const [name, policy] of scope.policies) policies.set(`${group}/${name}`, policy);
  }
  return { path, policies };
}

/** Or the reason for failure; completes a sentence. */
function compilePolicy({ policy }: PolicyLeaf, below: readonly Scope[]): Policy | string {
  switch (policy?.type) {
    case POLICY_TYPE.signature:
      return compileSignaturePolicy(policy.value);
    case POLICY_TYPE.implicitMeta:
      return compileMetaPolicy(policy.value, below);
    case undefined:
      return "it is empty";
    default:
      return `its type ${policy?.type} is unknown`;
  }
}

const RULE_NAMES = new Map([
  [META_RULE.any as number, "ANY"],
  [META_RULE.all as number, "ALL"],
  [META_RULE.majority as number, "MAJORITY"],
] as const);

/** Counts the direct sub-groups that exist; one without the policy satisfies nothing. */
function compileMetaPolicy(bytes: Uint8Array, below: readonly Scope[]): Policy | string {
  const decoded = decode(IMPLICIT_META_POLICY, bytes);
  if (!decoded.ok) return `it is ${decoded.code}`;
  const { subPolicy, rule: number } = decoded.value;
  const rule = RULE_NAMES.get(number);
  // Fabric treats an unknown rule as "none of them", which cannot be intended.
  if (rule === undefined) return `its rule ${number} is unknown`;
  const subPolicies = below.map((scope) => findPolicy(scope, subPolicy));
  const count = subPolicies.length;
  const wanted = { ANY: 1, ALL: count, MAJORITY: Math.floor(count / 2) + 1 }[rule];
  const threshold = count === 0 ? 0 : wanted;
  return { type: "implicit-meta", rule, subPolicy, threshold, subPolicies };
}

function findPolicy({ path, policies }: Scope, name: string): Policy {
  const prefix = `/${path}/`;
  const relative = name.startsWith("/") ? name.slice(prefix.length) : name;
  if (name.startsWith("/") && !name.startsWith(prefix)) return REJECT;
  return policies.get(relative) ?? REJECT;
}

function compileSignaturePolicy(bytes: Uint8Array): Policy | string {
  const decoded = decode(SIGNATURE_POLICY_ENVELOPE, bytes);
  if (!decoded.ok) return `it is ${decoded.code}`;
  const { version, rule, identities: principals } = decoded.value;
  if (version !== 0) return `its version ${version} is unknown`;
  const budget = { rules: RULES_MAX, principals: principals.length };
  const compiled = compileRule(rule, budget, 1);
  if (typeof compiled === "string") return compiled;
  return { type: "signature", rule: compiled, principals };
}

function compileRule(
  bytes: Uint8Array,
  budget: { rules: number; readonly principals: number },
  depth: number,
): SignatureRule | string {
  budget.rules--;
  if (budget.rules < 0) return `it has more than ${RULES_MAX} rules`;
  if (depth > DEPTH_MAX) return `its rules are nested more than ${DEPTH_MAX} deep`;
  const decoded = decode(SIGNATURE_POLICY, bytes);
  if (!decoded.ok) return `a rule of it is ${decoded.code}`;
  const { type } = decoded.value;
  if (type === undefined) return "a rule of it is empty";
  if (type.type === "signed-by") {
    const principal = type.value;
    const isNamed = principal >= 0 && principal < budget.principals;
    return isNamed
      ? { type: "signed-by", principal }
      : `it names identity ${principal} of ${budget.principals}`;
  }
  const rules: SignatureRule[] = [];
  for (const inner of type.value.rules) {
    const rule = compileRule(inner, budget, depth + 1);
    if (typeof rule === "string") return rule;
    rules.push(rule);
  }
  return { type: "n-out-of", n: type.value.n, rules };
}
