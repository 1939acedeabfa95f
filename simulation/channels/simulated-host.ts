/** The host of the channel rules, for simulated certificates: MSPs and a hash. */
import type { ChannelHost, ChannelIdentity, ChannelMsp } from "../../src/channel/types/host.ts";
import type { MspContent } from "../../src/channel-maker/channel-draft.ts";
import { joined } from "../../src/channel-maker/transactions.ts";
import type { Crypto, PkiId } from "../../src/core/types/host.ts";
import { encode } from "../../src/wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../../src/wire/messages.ts";
import { digest, type SimulatedAuthority } from "../authority.ts";

export const ORDERER_MSP = "OrdererMSP";
const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();
/** One PKI-ID follows the other. */
const BETWEEN = " ";

/** An organisation's MSP in a configuration, with its revoked identities. */
export function mspContent(mspId: string, revoked: readonly PkiId[] = []): MspContent {
  const revocationList = revoked.length === 0 ? [] : [UTF8.encode(revoked.join(BETWEEN))];
  return { name: mspId, rootCerts: [UTF8.encode(`CA of ${mspId}`)], revocationList };
}

/** Stands for SHA-256, as elsewhere in a simulation. */
export const sha256 = (parts: readonly Uint8Array[]): Uint8Array => digest(joined(...parts));

/** `checked` is called for each signature that is checked. */
export function createSimulatedHost(
  authority: SimulatedAuthority,
  checked: () => void,
): ChannelHost {
  const crypto = authority.crypto(() => true, new Map());
  return {
    sha256,
    startSha256() {
      const parts: Uint8Array[] = [];
      return { add: (bytes) => void parts.push(bytes), digest: () => sha256(parts) };
    },
    setUpMsp: ({ name, revocationList }) => {
      const revoked = new Set(revocationList.flatMap((list) => TEXT.decode(list).split(BETWEEN)));
      const known = new Map<string, ChannelIdentity | undefined>();
      const msp: ChannelMsp = {
        mspId: name,
        hasRoleUnits: true,
        warnings: [],
        recognize(idBytes) {
          const key = Buffer.from(idBytes).toString("latin1");
          if (known.has(key)) return known.get(key);
          const identity = recognize(crypto, { mspid: name, idBytes }, revoked, checked);
          known.set(key, identity);
          return identity;
        },
      };
      revokedBy.set(msp, revoked);
      return { ok: true, msp };
    },
  };
}

const revokedBy = new WeakMap<ChannelMsp, ReadonlySet<string>>();

/** PKI-IDs that an MSP of such a host has revoked. */
export function revocationsOf(msp: ChannelMsp | undefined): ReadonlySet<string> {
  return (msp && revokedBy.get(msp)) ?? new Set();
}

function recognize(
  crypto: Crypto,
  named: { readonly mspid: string; readonly idBytes: Uint8Array },
  revoked: ReadonlySet<string>,
  checked: () => void,
): ChannelIdentity | undefined {
  const found = crypto.identify(encode(SERIALIZED_IDENTITY, named));
  if (!found.ok) return undefined;
  const { mspId, certificate, subject } = found.value;
  return {
    ...{ mspId, certificate, subject },
    refusal: revoked.has(certificate) ? "its certificate is revoked" : undefined,
    unitRoles: [mspId === ORDERER_MSP ? "orderer" : "peer"],
    isListedAdmin: false,
    organizationalUnits: [],
    certifiersId: UTF8.encode(mspId),
    verify(payload, signature) {
      checked();
      return crypto.verify(found.value, payload, signature);
    },
  };
}
