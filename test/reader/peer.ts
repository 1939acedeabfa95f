/**
 * A peer of our own making that answers readers over real TLS as Fabric's do, unless a test has it
 * misbehave. It keeps what it was asked.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import type { Identity, PkiId } from "../../src/core/types/host.ts";
import { loadLocalMsp } from "../../src/msp/load-msp.ts";
import { createSystemClock } from "../../src/node/runtime.ts";
import { createUnjudgedCrypto } from "../../src/reader/unjudged.ts";
import { createGrpcNetwork } from "../../src/transport/grpc.ts";
import { shakeHands } from "../../src/transport/handshake.ts";
import type { Link, LinkEvents } from "../../src/transport/network.ts";
import {
  encodeEnvelope,
  encodeMessage,
  encodeUnsigned,
  parseEnvelope,
  parseMessage,
} from "../../src/wire/envelope.ts";
import {
  type GossipMessage,
  type GossipMessageInit,
  PULL_TYPE,
  type RemoteStateRequest,
  TAG,
} from "../../src/wire/messages.ts";
import { parsePkiId, pkiIdBytes } from "../../src/wire/received.ts";
import type { Chain, Party } from "./chain.ts";

/** What a peer publishes of itself. */
export interface Published {
  readonly height?: bigint;
  readonly committedMs?: number;
  readonly loadedMs?: number;
  readonly chaincodes?: readonly { readonly name: string; readonly version: string }[];
  readonly leftChannel?: boolean;
}

export interface PeerWish extends Published {
  readonly chain: Chain;
  /** Whether a caller's identity is refused, and in what words; default: nobody is. */
  readonly refuse?: (caller: Identity) => string | undefined;
  /** Answers in the peer's place; `undefined`: the peer answers itself; `[]`: silence. */
  readonly answer?: (message: GossipMessage) => readonly Uint8Array[] | undefined;
  readonly clientAuthRequired?: boolean;
  /** How long every answer takes. */
  readonly delayMs?: number;
  readonly batchSize?: bigint;
}

/** One request as it came. */
export interface Request {
  readonly type: string;
  readonly first?: bigint;
  readonly last?: bigint;
  /** Whether another one was unanswered. */
  readonly isConcurrent: boolean;
}

export interface FakePeer {
  readonly endpoint: string;
  readonly tlsCaFile: string;
  readonly identity: Identity;
  readonly requests: Request[];
  /** Its StateInfo as of now, signed. */
  stateInfo(changes?: Published): Uint8Array;
  identityItem(): Uint8Array;
  /** Lets it know another peer: its identity and its StateInfo. */
  know(other: FakePeer, changes?: Published): void;
  set(changes: Partial<PeerWish>): void;
  /** Ends every stream. */
  cut(): void;
  close(): Promise<void>;
}

export async function startPeer(
  t: TestContext,
  party: Party,
  index: number,
  initial: PeerWish,
): Promise<FakePeer> {
  const files = party.organisation.peers[index];
  if (files === undefined) throw new Error(`no peer ${index}`);
  const { identity, signer } = await loadLocalMsp(files.mspFolder, party.mspId, {
    wallMs: Date.now(),
  });
  const sign = (payload: Uint8Array): Uint8Array => {
    const signature = signer(payload);
    if (signature instanceof Promise) throw new Error("a key in a file signs at once");
    return signature;
  };
  let wish = initial;
  const [cert, key, ca] = await Promise.all(
    [files.tlsCertFile, files.tlsKeyFile, files.tlsCaFile].map((file) => readFile(file)),
  );
  if (!cert || !key || !ca) throw new Error("unreachable");
  const { clientAuthRequired = false } = initial;
  const network = createGrpcNetwork({
    listen: { host: "127.0.0.1", port: 0 },
    tls: { cert, key, rootCas: [ca], clientAuthRequired, clientRootCas: [ca] },
  });
  const others = new Map<PkiId, { peer: FakePeer; changes: Published }>();
  const links = new Set<Link>();
  const requests: Request[] = [];
  const clock = createSystemClock();

  const stateInfo = (changes: Published = {}): Uint8Array => {
    const {
      chain,
      height = chain.height,
      chaincodes = [],
      leftChannel = false,
    } = { ...wish, ...changes };
    const { committedMs = Date.now(), loadedMs = Date.now() - 60_000 } = { ...wish, ...changes };
    const pkiId = pkiIdBytes(identity.pkiId);
    const channelMac = macOf(pkiId, chain.channel);
    const timestamp = {
      incNum: BigInt(loadedMs) * 1_000_000n,
      seqNum: BigInt(committedMs) * 1_000_000n,
    };
    const all = [{ name: "_lifecycle", version: "1" }, ...chaincodes];
    const properties = { ledgerHeight: height, leftChannel, chaincodes: all };
    const payload = encodeMessage({
      tag: TAG.chanOrOrg,
      content: { type: "state-info", value: { timestamp, pkiId, channelMac, properties } },
    });
    return encodeEnvelope({ payload, signature: sign(payload) }).bytes;
  };
  const identityItem = (): Uint8Array => {
    const value = { pkiId: pkiIdBytes(identity.pkiId), cert: identity.bytes };
    const payload = encodeMessage({ tag: TAG.orgOnly, content: { type: "peer-identity", value } });
    return encodeEnvelope({ payload, signature: sign(payload) }).bytes;
  };

  const blocksFor = (
    { startSeqNum: first, endSeqNum: last }: RemoteStateRequest,
    nonce: bigint,
  ): readonly Uint8Array[] => {
    const { chain, batchSize = 10n } = wish;
    if (first > last || last - first > batchSize) return [];
    const payloads = [];
    for (let number = first; number <= last && number < chain.height; number++) {
      payloads.push({ seqNum: number, data: chain.blocks[Number(number)] ?? new Uint8Array(0) });
    }
    return [answer(chain.channel, { type: "state-response", value: { payloads } }, nonce)];
  };
  const answersTo = (message: GossipMessage, caller: Identity): readonly Uint8Array[] => {
    const { content } = message;
    const { chain } = wish;
    switch (content?.type) {
      case "hello": {
        const digests = [identity.pkiId, ...others.keys()].map(pkiIdBytes);
        const value = { nonce: content.value.nonce, digests, msgType: PULL_TYPE.identity };
        return [encodeUnsigned({ tag: TAG.empty, content: { type: "digest", value } })];
      }
      case "request": {
        const wanted = new Set(content.value.digests.map((digest) => parsePkiId(digest)));
        const known = [[identity.pkiId, identityItem] as const];
        for (const [id, { peer }] of others) known.push([id, () => peer.identityItem()]);
        const data = known.flatMap(([id, item]) => (wanted.has(id) ? [item()] : []));
        const value = { nonce: content.value.nonce, data, msgType: PULL_TYPE.identity };
        return [encodeUnsigned({ tag: TAG.empty, content: { type: "update", value } })];
      }
      case "state-info-pull-request": {
        const mac = macOf(pkiIdBytes(caller.pkiId), chain.channel);
        if (!Buffer.from(mac).equals(content.value.channelMac)) return [];
        const elements = [...others.values()].map(({ peer, changes }) => peer.stateInfo(changes));
        return [
          answer(chain.channel, {
            type: "state-snapshot",
            value: { elements: [stateInfo(), ...elements] },
          }),
        ];
      }
      case "state-request":
        return blocksFor(content.value, message.nonce);
      default:
        return [];
    }
  };

  await network.listen((link) => {
    links.add(link);
    const done = (): void => void links.delete(link);
    shakeHands(
      {
        link,
        clock,
        crypto: createUnjudgedCrypto(),
        signer,
        self: identity,
        probe: false,
        timeoutMs: 5_000,
      },
      {
        refused: done,
        accepted({ identity: caller }): LinkEvents | undefined {
          const refusal = wish.refuse?.(caller);
          if (refusal !== undefined) {
            link.close(refusal);
            return undefined;
          }
          let open = 0;
          return {
            drain: () => {},
            closed: done,
            message(bytes) {
              const envelope = parseEnvelope(new Uint8Array(bytes));
              const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
              if (!message.ok) return;
              requests.push({ ...describe(message.value), isConcurrent: open > 0 });
              open += 1;
              clock.after(wish.delayMs ?? 0, () => {
                open -= 1;
                const own = wish.answer?.(message.value);
                for (const one of own ?? answersTo(message.value, caller)) link.send(one);
              });
            },
          };
        },
      },
    );
  });
  const peer: FakePeer = {
    endpoint: `127.0.0.1:${network.port}`,
    tlsCaFile: files.tlsCaFile,
    identity,
    requests,
    stateInfo,
    identityItem,
    know: (other, changes = {}) => void others.set(other.identity.pkiId, { peer: other, changes }),
    set(changes) {
      wish = { ...wish, ...changes };
    },
    cut() {
      for (const link of links) link.close();
    },
    close: () => network.close(),
  };
  t.after(() => network.close());
  return peer;
}

function macOf(pkiId: Uint8Array, channel: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(pkiId).update(channel).digest());
}

/** An answer in a channel. */
export function answer(
  channel: string,
  content: NonNullable<GossipMessageInit["content"]>,
  nonce = 0n,
): Uint8Array {
  return encodeUnsigned({ nonce, channel: Buffer.from(channel), tag: TAG.chanOrOrg, content });
}

function describe({ content }: GossipMessage): Omit<Request, "isConcurrent"> {
  const type = content?.type ?? "nothing";
  if (content?.type !== "state-request") return { type };
  return { type, first: content.value.startSeqNum, last: content.value.endSeqNum };
}
