/**
 * Whether the policy by which blocks of BFT orderers are believed names the orderers there are. The
 * policy is written when a channel is made, and nothing in Fabric keeps it in step afterwards.
 */
import { equalBytes } from "../../wire/bytes.ts";
import type { BftConsenter } from "../../wire/config-messages.ts";
import { decode } from "../../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../../wire/messages.ts";
import { type MspPrincipal, PRINCIPAL } from "../../wire/policy-messages.ts";
import type { ChannelConfiguration } from "../types/configuration.ts";

export const BLOCK_VALIDATION = "/Channel/Orderer/BlockValidation";

/** Signatures that `orderers` make together: ceil((n + f + 1) / 2), f = floor((n - 1) / 3). */
export function bftQuorum(orderers: number): number {
  const faulty = Math.floor((orderers - 1) / 3);
  return Math.ceil((orderers + faulty + 1) / 2);
}

/** One sentence for each difference. */
export function whyBftPolicyDiffers(
  configuration: Pick<ChannelConfiguration, "consensus" | "policies">,
): readonly string[] {
  const { consensus, policies } = configuration;
  const policy = policies.get(BLOCK_VALIDATION);
  if (consensus?.type !== "BFT" || policy?.type !== "signature") return [];
  const { bft } = consensus;
  const { principals, rule } = policy;
  const lacking = bft.filter((one) => !principals.some((principal) => isOf(principal, one)));
  const surplus = principals.filter((principal) => !bft.some((one) => isOf(principal, one)));
  const warnings = lacking.map(({ host, port }) => {
    return `The policy BlockValidation does not name orderer ${host}:${port}: its signatures do not count.`;
  });
  if (surplus.length > 0) {
    warnings.push(
      `The policy BlockValidation names ${surplus.length} signers that are no orderers any more.`,
    );
  }
  const quorum = bftQuorum(bft.length);
  if (rule.type === "n-out-of" && rule.n !== quorum) {
    warnings.push(
      `The policy BlockValidation asks for ${rule.n} signatures; ${bft.length} orderers need ${quorum}.`,
    );
  }
  return warnings;
}

function isOf(
  { principalClassification, principal }: MspPrincipal,
  consenter: BftConsenter,
): boolean {
  if (principalClassification !== PRINCIPAL.identity) return false;
  const identity = decode(SERIALIZED_IDENTITY, principal);
  if (!identity.ok) return false;
  const { mspid, idBytes } = identity.value;
  return mspid === consenter.mspId && equalBytes(idBytes, consenter.identity);
}
