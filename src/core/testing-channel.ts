/** A channel of made-up members, for tests of the core. */
import { createHash } from "node:crypto";
import { channelMac } from "../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { ChannelIdentity, ChannelMsp } from "../channel/types/host.ts";
import { encode } from "../wire/encode.ts";
import { encodeEnvelope } from "../wire/envelope.ts";
import { GOSSIP_MESSAGE, SERIALIZED_IDENTITY, TAG } from "../wire/messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import { testCrypto, testSignature } from "./testing-identities.ts";
import type { FollowOptions } from "./types/channel.ts";
import type { Identity, PkiId } from "./types/host.ts";

export const HOST = {
  sha256(parts: readonly Uint8Array[]): Uint8Array {
    const digest = createHash("sha256");
    for (const part of parts) digest.update(part);
    return new Uint8Array(digest.digest());
  },
};

/** Options of a node that follows these channels. */
export function following(names: readonly string[], lag = { blocks: 10, timeMs: 60_000 }) {
  const followed = names.map((name): FollowOptions => ({ name, role: "observer", lag }));
  return { host: HOST, followed };
}

export interface ConfigurationWish {
  readonly channel?: string;
  readonly mspIds: readonly string[];
  readonly blockNumber?: bigint;
  readonly anchors?: readonly { readonly host: string; readonly port: number }[];
  readonly revoked?: readonly PkiId[];
  /** Whether anybody satisfies Readers; default true. */
  readonly isReadable?: boolean;
}

/** A configuration whose MSPs believe made-up identities. `checks` counts signatures. */
export function configurationOf({
  channel = "ch",
  mspIds,
  blockNumber = 0n,
  anchors = [],
  revoked = [],
  isReadable = true,
}: ConfigurationWish): ChannelConfiguration & { checks: number } {
  const crypto = testCrypto(...mspIds);
  const mspOf = (mspId: string): ChannelMsp => ({
    mspId,
    hasRoleUnits: false,
    warnings: [],
    recognize(idBytes): ChannelIdentity | undefined {
      const judged = crypto.identify(encode(SERIALIZED_IDENTITY, { mspid: mspId, idBytes }));
      if (!judged.ok) return undefined;
      const { certificate, pkiId, subject } = judged.value;
      return {
        ...{ mspId, certificate, subject, unitRoles: [], isListedAdmin: false },
        refusal: revoked.includes(pkiId) ? "it is revoked" : undefined,
        organizationalUnits: [],
        certifiersId: new Uint8Array(0),
        verify(payload, signature) {
          configuration.checks += 1;
          return crypto.verify(judged.value, payload, signature);
        },
      };
    },
  });
  const readers = { type: "implicit-meta", rule: "ANY", subPolicy: "Readers" } as const;
  const threshold = isReadable ? 0 : 1;
  const tree = { version: 0n, modPolicy: "", groups: new Map(), values: new Map() };
  const configuration: ChannelConfiguration & { checks: number } = {
    ...{ channel, blockNumber, sequence: blockNumber, checks: 0 },
    tree: { ...tree, policies: new Map() },
    organisations: mspIds.map((mspId) => ({
      ...{ name: mspId, mspId, endpoints: [] },
      anchors: mspId === mspIds[0] ? anchors : [],
    })),
    ordererOrganisations: [],
    msps: new Map(mspIds.map((mspId) => [mspId, mspOf(mspId)])),
    policies: new Map([
      ["/Channel/Application/Readers", { ...readers, threshold, subPolicies: [] }],
    ]),
    capabilities: { channel: [], application: [], orderer: [] },
    ...{ isBft: false, consensus: undefined, batch: undefined, ordererAddresses: [] },
    ...{ acls: new Map(), faults: [], warnings: [] },
  };
  return configuration;
}

/** A StateInfo that its author has signed. */
export function heightOf(
  author: Identity,
  height: bigint,
  options: {
    readonly channel?: string;
    readonly seqNum?: bigint;
    readonly incNum?: bigint;
    readonly hasLeft?: boolean;
    readonly signature?: Uint8Array;
    readonly without?: "timestamp" | "properties";
  } = {},
): Uint8Array {
  const { channel = "ch", seqNum = height, incNum = 1n, hasLeft: leftChannel = false } = options;
  const properties = { ledgerHeight: height, leftChannel };
  const payload = encode(GOSSIP_MESSAGE, {
    tag: TAG.chanOrOrg,
    content: {
      type: "state-info",
      value: {
        pkiId: pkiIdBytes(author.pkiId),
        channelMac: channelMac(HOST, author.pkiId, channel),
        ...(options.without === "timestamp" ? {} : { timestamp: { incNum, seqNum } }),
        ...(options.without === "properties" ? {} : { properties }),
      },
    },
  });
  const signature = options.signature ?? testSignature(author.pkiId, payload);
  return encodeEnvelope({ payload, signature }).bytes;
}
