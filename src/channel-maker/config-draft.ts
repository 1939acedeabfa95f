/** A configuration tree under construction: plain objects, mutable until encoded. */
import {
  CAPABILITIES,
  CONFIG_ENVELOPE,
  CONFIG_GROUP,
  type WireConfig,
} from "../wire/config-messages.ts";
import { encode } from "../wire/encode.ts";
import {
  IMPLICIT_META_POLICY,
  META_RULE,
  type MSP_PRINCIPAL,
  MSP_ROLE,
  MSP_ROLE_PRINCIPAL,
  type POLICY,
  POLICY_TYPE,
  PRINCIPAL,
  SIGNATURE_POLICY,
  SIGNATURE_POLICY_ENVELOPE,
} from "../wire/policy-messages.ts";
import type { Init } from "../wire/schema.ts";

/** A group with its named members. */
export interface ConfigDraft {
  groups: Record<string, ConfigDraft>;
  values: Record<string, Uint8Array>;
  policies: Record<string, Init<typeof POLICY> | undefined>;
}

type Principal = Init<typeof MSP_PRINCIPAL>;

export const draftGroup = (parts: Partial<ConfigDraft> = {}): ConfigDraft => ({
  groups: {},
  values: {},
  policies: {},
  ...parts,
});

/** Sorted by name, so that a draft has one encoding, equal to that of Fabric's encoders. */
const entriesOf = <T>(named: Readonly<Record<string, T>>): readonly (readonly [string, T])[] =>
  Object.entries(named).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Encodes the draft; the policy Admins of each group governs its changes. */
export function encodeDraft({ groups, values, policies }: ConfigDraft): Uint8Array {
  const modPolicy = "Admins";
  return encode(CONFIG_GROUP, {
    groups: entriesOf(groups).map(([key, inner]) => ({ key, value: encodeDraft(inner) })),
    values: entriesOf(values).map(([key, value]) => ({ key, value: { value, modPolicy } })),
    policies: entriesOf(policies).map(([key, policy]) => ({
      key,
      value: { policy, modPolicy },
    })),
    modPolicy,
  });
}

/** Content of a configuration transaction. */
export function encodeConfig(draft: ConfigDraft, sequence: WireConfig["sequence"]): Uint8Array {
  return encode(CONFIG_ENVELOPE, { config: { sequence, channelGroup: encodeDraft(draft) } });
}

export const capabilities = (...names: readonly string[]): Uint8Array =>
  encode(CAPABILITIES, { capabilities: names.map((key) => ({ key, value: {} })) });

export const metaPolicy = (rule: keyof typeof META_RULE, subPolicy: string) => ({
  type: POLICY_TYPE.implicitMeta,
  value: encode(IMPLICIT_META_POLICY, { rule: META_RULE[rule], subPolicy }),
});

export const role = (mspIdentifier: string, name: keyof typeof MSP_ROLE): Principal => ({
  principalClassification: PRINCIPAL.role,
  principal: encode(MSP_ROLE_PRINCIPAL, { mspIdentifier, role: MSP_ROLE[name] }),
});

/** One certificate: a serialized identity. */
export const exactly = (identity: Uint8Array): Principal => ({
  principalClassification: PRINCIPAL.identity,
  principal: identity,
});

const signedBy = (principal: number): Uint8Array =>
  encode(SIGNATURE_POLICY, { type: { type: "signed-by", value: principal } });

const outOf = (n: number, ...rules: readonly Uint8Array[]): Uint8Array =>
  encode(SIGNATURE_POLICY, { type: { type: "n-out-of", value: { n, rules } } });

const signaturePolicy = (rule: Uint8Array, identities: readonly Principal[]) => ({
  type: POLICY_TYPE.signature,
  value: encode(SIGNATURE_POLICY_ENVELOPE, { rule, identities }),
});

/** At least `n` of them. */
export const someOf = (n: number, identities: readonly Principal[]) =>
  signaturePolicy(outOf(n, ...identities.map((_, i) => signedBy(i))), identities);

export const oneOf = (...identities: readonly Principal[]) => someOf(1, identities);
