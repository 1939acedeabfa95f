/** Service discovery as a second source: what is asked, what is believed, what the two disagree on. */
import assert from "node:assert/strict";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { readStateInfo } from "../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import { configurationOf, HOST, heightOf } from "../core/testing-channel.ts";
import { testCrypto, testIdentity, testSignature } from "../core/testing-identities.ts";
import { aliveOf } from "../core/testing-messages.ts";
import { askDiscovery, type DiscoveredChannel } from "../following/ask-discovery.ts";
import { dateOf } from "../following/describe-state-info.ts";
import type { ChannelMember } from "../following/views.ts";
import { computePkiId } from "../msp/identity.ts";
import type { Explanation } from "../observe/diagnosis/why/explanation.ts";
import { disagreements } from "../observe/diagnosis/why/second-source.ts";
import { createGrpcNetwork } from "../transport/grpc.ts";
import { encodeFrame } from "../transport/grpc-link.ts";
import type { CallPeer, UnaryAnswer } from "../transport/unary.ts";
import { equalBytes } from "../wire/bytes.ts";
import { decode } from "../wire/decode.ts";
import {
  DISCOVERY_REQUEST,
  DISCOVERY_RESPONSE,
  SIGNED_REQUEST,
} from "../wire/discovery-messages.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import type { Init } from "../wire/schema.ts";
import { type ExplainSources, explainMember } from "./explain-member.ts";

type Results = NonNullable<Init<typeof DISCOVERY_RESPONSE>["results"]>;

const self = testIdentity("A", "self");

/** A made-up identity under the PKI-ID that its text amounts to. */
function identityOf(mspId: string, name: string) {
  const idBytes = new TextEncoder().encode(name);
  const bytes = encode(SERIALIZED_IDENTITY, { mspid: mspId, idBytes });
  const judged = testCrypto(mspId).identify(bytes);
  const known = judged.ok ? judged.value : testIdentity(mspId, name);
  return { ...known, bytes, pkiId: computePkiId(mspId, idBytes) };
}
const one = identityOf("A", "one");
const two = identityOf("B", "two");

const config = {
  result: {
    type: "config",
    value: { msps: ["B", "A", "Orderers"].map((key) => ({ key, value: new Uint8Array(1) })) },
  },
} as const;

function listing(
  peers: readonly { identity: typeof one; stateInfo: Uint8Array; membershipInfo?: Uint8Array }[],
): Results[number] {
  const value = {
    peers: peers.map(({ identity, ...rest }) => ({ identity: identity.bytes, ...rest })),
  };
  return { result: { type: "members", value: { peersByOrg: [{ key: "A", value }] } } };
}

const answering =
  (results: Results, seen: Uint8Array[] = []): CallPeer =>
  async (_endpoint, { request }) => {
    seen.push(await request(new Uint8Array(32).fill(7)));
    return { ok: true, value: encode(DISCOVERY_RESPONSE, { results }) };
  };

const ask = (call: CallPeer) =>
  askDiscovery(call, "peer:1", {
    ...{ channel: "ch", self, host: HOST },
    signer: (payload) => testSignature(self.pkiId, payload),
  });

async function found(results: Results): Promise<DiscoveredChannel> {
  const answer = await ask(answering(results));
  assert.ok(answer.ok);
  return answer.value;
}

test("asks for members and configuration, signed, with the hash of the TLS certificate", async () => {
  const seen: Uint8Array[] = [];
  const state = heightOf(one, 5n);
  const alive = aliveOf(one, { endpoint: "one:1" });
  const peers = [{ identity: one, stateInfo: state, membershipInfo: alive }];
  const answer = await ask(answering([listing(peers), config], seen));
  assert.ok(answer.ok);
  const { members, mspIds } = answer.value;
  assert.deepEqual(mspIds, ["A", "B", "Orderers"]);
  assert.deepEqual([...members.keys()], [one.pkiId]);
  assert.equal(members.get(one.pkiId)?.claim?.height, 5n);
  assert.equal(members.get(one.pkiId)?.endpoint, "one:1");
  const signed = decode(SIGNED_REQUEST, seen[0] ?? new Uint8Array(0));
  assert.ok(signed.ok);
  assert.deepEqual(signed.value.signature, testSignature(self.pkiId, signed.value.payload));
  const request = decode(DISCOVERY_REQUEST, signed.value.payload);
  assert.ok(request.ok);
  const { authentication, queries } = request.value;
  assert.deepEqual(authentication?.clientTlsCertHash, new Uint8Array(32).fill(7));
  assert.deepEqual(authentication.clientIdentity, self.bytes);
  assert.deepEqual(
    queries.map(({ channel, query }) => [channel, query?.type]),
    [
      ["ch", "peers"],
      ["ch", "config"],
    ],
  );
});

test("whatever a peer answers is one sentence, and never another member's word", async () => {
  const error = (content: string): Results => [{ result: { type: "error", value: { content } } }];
  const failing =
    (answer: UnaryAnswer): CallPeer =>
    async () =>
      answer;
  const cases: readonly [CallPeer, RegExp, boolean][] = [
    [answering(error("access denied")), /^it refused: access denied$/, false],
    [answering([]), /lacks the members or the configuration/, false],
    [answering([config]), /lacks the members/, false],
    [failing({ ok: true, value: Uint8Array.of(0xff, 0xff) }), /cannot be read/, false],
    [failing({ ok: false, fault: "protocol", reason: "12" }), /no service discovery/, true],
    [failing({ ok: false, fault: "timeout", reason: "no answer" }), /^no answer$/, false],
  ];
  for (const [call, sentence, isMissing] of cases) {
    const answer = await ask(call);
    assert.ok(!answer.ok);
    assert.match(answer.reason, sentence);
    assert.equal(answer.isMissing, isMissing);
  }
  const garbage = { ...one, bytes: Uint8Array.of(0xff) };
  const { members } = await found([
    listing([
      { identity: one, stateInfo: heightOf(two, 9n) },
      { identity: garbage, stateInfo: new Uint8Array(0) },
      { identity: two, stateInfo: heightOf(two, 3n, { channel: "other" }) },
    ]),
    config,
  ]);
  assert.deepEqual(
    [...members.values()].map(({ claim }) => claim),
    [undefined, undefined],
  );
});

/** A channel that takes the signature of `one` for good, and everybody for a writer. */
function channelOfOne(...mspIds: readonly string[]): ChannelConfiguration {
  const configuration = configurationOf({ mspIds });
  const signedByOne = (payload: Uint8Array, signature: Uint8Array): boolean =>
    equalBytes(signature, testSignature(one.pkiId, payload));
  for (const msp of configuration.msps.values()) {
    const { recognize } = msp;
    Object.assign(msp, {
      recognize: (bytes: Uint8Array) => ({ ...recognize(bytes), verify: signedByOne }),
    });
  }
  const [[, readers] = []] = configuration.policies;
  assert.ok(readers);
  const writers = ["/Channel/Application/Writers", readers] as const;
  return { ...configuration, policies: new Map([...configuration.policies, writers]) };
}

test("names what gossip and discovery disagree on, and nothing where they agree", async () => {
  const configuration = channelOfOne("A", "B");
  const state = heightOf(one, 5n, { incNum: 1_000_000n });
  const alive = aliveOf(one, { endpoint: "one:1" });
  const orderers = { mspId: "Orderers", name: "Orderers", anchors: [], endpoints: [] };
  const member = {
    ...{ pkiId: one.pkiId, mspId: "A", endpoint: "one:1", status: "alive", height: 5n },
    ...{ leftChannel: false, loadedAt: dateOf(1_000_000n), committedAt: dateOf(5n) },
  } as unknown as ChannelMember;
  const compare = async (
    changes: Partial<ChannelMember> | undefined,
    results: Results,
    own?: { readonly height: bigint | undefined },
  ) =>
    disagreements(
      {
        configuration: { ...configuration, ordererOrganisations: [orderers] },
        pkiId: one.pkiId,
        member: changes && { ...member, ...changes },
        own: { pkiId: own ? one.pkiId : self.pkiId, height: own?.height },
      },
      { asked: "p:1", found: await found(results) },
    );
  const same = [listing([{ identity: one, stateInfo: state, membershipInfo: alive }]), config];
  assert.deepEqual(await compare({}, same), []);
  const told = async (
    changes: Partial<ChannelMember> | undefined,
    results: Results,
    say: RegExp,
  ) => {
    const sentences = await compare(changes, results);
    assert.equal(sentences.length, 1, sentences.join());
    assert.match(sentences[0] ?? "", say);
  };
  assert.deepEqual(await compare(undefined, same, { height: 5n }), []);
  assert.match((await compare(undefined, same, { height: 7n })).join(), /as 5, and we have 7/);
  assert.match((await compare(undefined, same, { height: undefined })).join(), /lists us still/);
  const nobody = [listing([]), config];
  assert.match((await compare(undefined, nobody, { height: 5n })).join(), /does not list us/);
  assert.deepEqual(await compare(undefined, nobody, { height: undefined }), []);
  await told({ status: "dead" }, same, /^By gossip it is dead, and p:1 lists it as alive\.$/);
  await told({ endpoint: "two:2" }, same, /p:1 has it at one:1, gossip at two:2/);
  await told({ height: 4n }, same, /its height as 5, gossip as 4; .* is older than ours/);
  await told(
    { loadedAt: new Date(9) },
    same,
    /on the channel since 1970-.*001Z, gossip since .*009Z/,
  );
  await told(undefined, same, /lists it on the channel, and by gossip we have no StateInfo/);
  await told({}, [listing([]), config], /does not list it: .* by gossip it is alive with 5 blocks/);
  assert.deepEqual(await compare({ leftChannel: true }, [listing([]), config]), []);
  const forged = heightOf(one, 6n, { signature: new Uint8Array(8) });
  await told({}, [listing([{ identity: one, stateInfo: forged }]), config], /not believed/);
  const smaller = {
    result: { type: "config", value: { msps: [{ key: "A", value: new Uint8Array(1) }] } },
  } as const;
  await told(
    {},
    [same[0] as Results[number], smaller],
    /of gossip has B, Orderers, and that of p:1 has not/,
  );
});

test("the ages of two heights are compared, not one with a height that came since", async () => {
  const inMs = (ms: bigint): bigint => ms * 1_000_000n;
  const claims = [4n, 6n].map((height) => {
    const read = readStateInfo(HOST, heightOf(one, height, { seqNum: inMs(height) }), "ch");
    assert.ok(read.ok);
    return { height, claim: read.value };
  });
  const [before, since] = claims;
  assert.ok(before && since);
  const core = { claim: before.claim };
  const member = {
    ...{ pkiId: one.pkiId, mspId: "A", endpoint: "", status: "alive", height: 4n, behind: 0n },
    ...{ leftChannel: false, lagging: false, chaincodes: [] },
    ...{ loadedAt: dateOf(1n), committedAt: dateOf(inMs(4n)) },
  };
  const state = heightOf(one, 5n, { seqNum: inMs(5n) });
  const answer = answering([listing([{ identity: one, stateInfo: state }]), config]);
  const configuration = channelOfOne("A", "B", "Orderers");
  const sources = {
    channel: { name: "ch", configuration, members: new Map([[one.pkiId, core]]) },
    view: { name: "ch", height: 5n, members: [member], problems: [], organisations: [] },
    identityOf: () => one,
    candidates: [{ peer: { name: "p:1" }, identity: two, height: 5n }],
    ...{ ownHeight: undefined, host: HOST, self, now: { elapsedMs: 0, wallMs: 0 } },
    signer: (payload: Uint8Array) => testSignature(self.pkiId, payload),
    call: (async (...asked) => {
      core.claim = since.claim;
      return answer(...asked);
    }) satisfies CallPeer,
  };
  const explanation = { pkiId: one.pkiId, causes: [], sentences: [], next: null, remedy: null };
  const { discovery } = await explainMember(
    explanation as unknown as Explanation,
    sources as unknown as ExplainSources,
  );
  assert.match(discovery.disagreements.join(), /as 5, gossip as 4; .* is newer than ours/);
});

test("a call over gRPC: an answer, a refusal, silence of the right kind", async (t) => {
  const server = createServer();
  server.on("stream", (stream, headers) => {
    const path = headers[":path"];
    stream.resume();
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () =>
      stream.sendTrailers({ "grpc-status": path === "/a.B/Unknown" ? "12" : "0" }),
    );
    const isAnswered = path === "/a.B/Answer";
    stream.end(
      isAnswered || path === "/gossip.Gossip/Ping" ? encodeFrame(Uint8Array.of(1, 2)) : "",
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const network = createGrpcNetwork({ listen: { host: "127.0.0.1", port: 0 } });
  t.after(async () => {
    await network.close();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const call = (path: string, answerBytesMax = 10) =>
    network.call(`127.0.0.1:${port}`, {
      ...{ path, answerBytesMax },
      request: async () => Uint8Array.of(9),
    });
  assert.deepEqual(await call("/a.B/Answer"), { ok: true, value: Uint8Array.of(1, 2) });
  const faults = [];
  for (const answer of [
    await call("/a.B/Unknown"),
    await call("/a.B/Empty"),
    await call("/a.B/Answer", 1),
    await network.call("127.0.0.1:1", {
      path: "/",
      answerBytesMax: 1,
      request: async () => Uint8Array.of(),
    }),
  ]) {
    assert.ok(!answer.ok);
    faults.push(answer.fault);
  }
  assert.deepEqual(faults, ["no-gossip", "protocol", "message-too-large", "unreachable"]);
});
