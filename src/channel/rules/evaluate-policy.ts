/** Whether the signers satisfy a policy, in Fabric's order (`cauthdsl`, `policies`). */
import type { ChannelConfiguration, Policy, SignatureRule } from "../types/configuration.ts";
import type { ChannelIdentity, ChannelMsps } from "../types/host.ts";
import { recognize } from "./identities.ts";
import { satisfiesPrincipal } from "./principals.ts";

/** `signers`: as `signersOf` returns them. */
export function isSatisfied(
  policy: Policy,
  signers: readonly ChannelIdentity[],
  msps: ChannelMsps,
): boolean {
  switch (policy.type) {
    case "reject":
      return false;
    case "implicit-meta": {
      const satisfied = policy.subPolicies.filter((one) => isSatisfied(one, signers, msps));
      return satisfied.length >= policy.threshold;
    }
    case "signature": {
      const isOneOf = judgeOnce(policy.principals, signers, msps);
      return meets(policy.rule, new Set(), signers.length, isOneOf);
    }
  }
}

type IsOneOf = (signer: number, principal: number) => boolean;

/** A rule may repeat a principal; each pair is judged once. */
function judgeOnce(
  principals: Extract<Policy, { type: "signature" }>["principals"],
  signers: readonly ChannelIdentity[],
  msps: ChannelMsps,
): IsOneOf {
  const known = new Map<number, boolean>();
  return (signer, principal) => {
    const key = principal * signers.length + signer;
    const before = known.get(key);
    if (before !== undefined) return before;
    const [identity, wanted] = [signers[signer], principals[principal]];
    const is = identity !== undefined && wanted !== undefined;
    const verdict = is && satisfiesPrincipal(msps, identity, wanted);
    known.set(key, verdict);
    return verdict;
  };
}

/**
 * Each signature counts once. The first unused one that fits is taken, even if a later rule would
 * have needed it and another would have fitted here as well: so does Fabric. What a rule that is not
 * met has taken is free again.
 */
function meets(rule: SignatureRule, used: Set<number>, signers: number, isOneOf: IsOneOf): boolean {
  if (rule.type === "signed-by") {
    for (let signer = 0; signer < signers; signer++) {
      if (used.has(signer) || !isOneOf(signer, rule.principal)) continue;
      used.add(signer);
      return true;
    }
    return false;
  }
  let met = 0;
  for (const inner of rule.rules) {
    const tried = new Set(used);
    if (!meets(inner, tried, signers, isOneOf)) continue;
    met++;
    for (const signer of tried) used.add(signer);
  }
  return met >= rule.n;
}

/** Whether the identity alone satisfies the policy at this path; assumes its signature. */
export function satisfies(
  { msps, policies }: ChannelConfiguration,
  identity: Uint8Array,
  policy: string,
): boolean {
  const signer = recognize(msps, identity);
  if (signer === undefined || signer.refusal !== undefined) return false;
  return isSatisfied(policies.get(policy) ?? { type: "reject" }, [signer], msps);
}
