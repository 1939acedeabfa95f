/**
 * A second source for who is on a channel: the service discovery of a Fabric peer. It is that peer's
 * view, except what members have signed themselves: their StateInfo and alive messages.
 */
import { readStateInfo, type StateInfoClaim } from "../channel/rules/state-info.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { Identity, Signer } from "../core/types/host.ts";
import { computePkiId } from "../msp/identity.ts";
import type { CallPeer } from "../transport/unary.ts";
import { decode } from "../wire/decode.ts";
import {
  DISCOVERY_REQUEST,
  DISCOVERY_RESPONSE,
  type DiscoveredPeer,
  type DiscoveryResponse,
  SIGNED_REQUEST,
} from "../wire/discovery-messages.ts";
import { encode } from "../wire/encode.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";

/** A member as discovery lists it. */
export interface DiscoveredMember {
  readonly pkiId: string;
  readonly mspId: string;
  /** Its serialized identity. */
  readonly identity: Uint8Array;
  /** Of its alive message; empty if that cannot be read. */
  readonly endpoint: string;
  /** What it says of itself; undefined if that cannot be read or is of another channel. */
  readonly claim: StateInfoClaim | undefined;
}

export interface DiscoveredChannel {
  readonly members: ReadonlyMap<string, DiscoveredMember>;
  /** MSP-IDs of the configuration that the peer applies, orderers' among them; sorted. */
  readonly mspIds: readonly string[];
}

export type DiscoveryAnswer =
  | { readonly ok: true; readonly value: DiscoveredChannel }
  /** `isMissing`: it has no service discovery, like every member of our own kind. */
  | { readonly ok: false; readonly isMissing: boolean; readonly reason: string };

export interface DiscoveryQuestion {
  readonly channel: string;
  readonly self: Identity;
  readonly signer: Signer;
  readonly host: Pick<ChannelHost, "sha256">;
}

const PATH = "/discovery.Discovery/Discover";
/** Some 10,000 members. */
const ANSWER_BYTES_MAX = 33_554_432;

export async function askDiscovery(
  call: CallPeer,
  endpoint: string,
  { channel, self, signer, host }: DiscoveryQuestion,
): Promise<DiscoveryAnswer> {
  const request = async (clientTlsCertHash: Uint8Array): Promise<Uint8Array> => {
    const payload = encode(DISCOVERY_REQUEST, {
      authentication: { clientIdentity: self.bytes, clientTlsCertHash },
      queries: [
        { channel, query: { type: "peers", value: {} } },
        { channel, query: { type: "config", value: {} } },
      ],
    });
    return encode(SIGNED_REQUEST, { payload, signature: await signer(payload) });
  };
  const answer = await call(endpoint, { path: PATH, request, answerBytesMax: ANSWER_BYTES_MAX });
  if (!answer.ok) {
    const isMissing = answer.fault === "no-gossip" || answer.fault === "protocol";
    const reason = isMissing ? "it offers no service discovery" : answer.reason;
    return { ok: false, isMissing, reason };
  }
  const response = decode(DISCOVERY_RESPONSE, answer.value);
  if (!response.ok) return refusal("its answer cannot be read");
  return read(response.value, channel, host);
}

function refusal(reason: string): DiscoveryAnswer {
  return { ok: false, isMissing: false, reason };
}

function read(
  { results }: DiscoveryResponse,
  channel: string,
  host: Pick<ChannelHost, "sha256">,
): DiscoveryAnswer {
  const found = results.map(({ result }) => result);
  const error = found.find((one) => one?.type === "error");
  if (error?.type === "error") return refusal(`it refused: ${error.value.content}`);
  const config = found.find((one) => one?.type === "config");
  const listed = found.find((one) => one?.type === "members");
  if (config?.type !== "config" || listed?.type !== "members") {
    return refusal("its answer lacks the members or the configuration");
  }
  const members = new Map<string, DiscoveredMember>();
  for (const peer of listed.value.peersByOrg.flatMap(({ value }) => value?.peers ?? [])) {
    const member = readPeer(peer, channel, host);
    if (member !== undefined) members.set(member.pkiId, member);
  }
  const mspIds = config.value.msps.map(({ key }) => key).toSorted();
  return { ok: true, value: { members, mspIds } };
}

function readPeer(
  { identity, membershipInfo, stateInfo }: DiscoveredPeer,
  channel: string,
  host: Pick<ChannelHost, "sha256">,
): DiscoveredMember | undefined {
  const serialized = decode(SERIALIZED_IDENTITY, identity);
  if (!serialized.ok) return undefined;
  const { mspid: mspId, idBytes } = serialized.value;
  const pkiId = computePkiId(mspId, idBytes);
  const claim = readStateInfo(host, stateInfo, channel);
  const isOwn = claim.ok && claim.value.pkiId === pkiId;
  return {
    ...{ pkiId, mspId, identity },
    endpoint: endpointOf(membershipInfo),
    claim: isOwn ? claim.value : undefined,
  };
}

function endpointOf(alive: Uint8Array): string {
  const envelope = parseEnvelope(alive);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!message.ok) return "";
  const { content } = message.value;
  return content?.type === "alive" ? (content.value.membership?.endpoint ?? "") : "";
}
