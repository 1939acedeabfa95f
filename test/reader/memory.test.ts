/** What the peers of one reader may hold of its memory together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createChannelHost } from "../../src/msp/channel-msp.ts";
import { tlsChainFault } from "../../src/msp/tls-chain.ts";
import { createSystemClock, createSystemRandom } from "../../src/node/runtime.ts";
import { loadReaderCredentials } from "../../src/reader/credentials.ts";
import { openPeerStream } from "../../src/reader/peer-stream.ts";
import { pullStateInfo } from "../../src/reader/questions.ts";
import { createUnjudgedCrypto } from "../../src/reader/unjudged.ts";
import { PartialFrameBudget } from "../../src/transport/limits.ts";
import { answer } from "./peer.ts";
import { CHANNEL, makeWorld } from "./world.ts";

test("peers that together send too much: the one with the most is dropped, and the others stay", async (t) => {
  const world = await makeWorld(t, 1);
  const [user] = world.org1.organisation.users;
  assert.ok(user);
  const giving = (bytes: number) => ({
    answer: () => [
      answer(CHANNEL, { type: "state-snapshot", value: { elements: [new Uint8Array(bytes)] } }),
    ],
  });
  const sizes = [300_000, 400_000, 350_000];
  const peers = await Promise.all(
    sizes.map((bytes, i) => world.peer(world.org1, i, giving(bytes))),
  );
  const clock = createSystemClock();
  const { asker, targets } = await loadReaderCredentials(
    {
      ...{ channel: CHANNEL, mspId: "Org1MSP", cert: user.certFile, key: user.keyFile, env: {} },
      ...{ tlsCert: user.tlsCertFile, tlsKey: user.tlsKeyFile },
      ...{
        tlsCa: peers.map(({ tlsCaFile }) => tlsCaFile),
        peers: peers.map((one) => one.endpoint),
      },
    },
    clock.now().wallMs,
  );
  const memory = new PartialFrameBudget(1_000_000);
  const streams = await Promise.all(
    targets.map(async (target) => {
      const opened = await openPeerStream({
        ...{ target, asker, clock, memory, answerTimeoutMs: 60_000 },
        ...{ crypto: createUnjudgedCrypto(), random: createSystemRandom() },
        judgeTls: (chain, anchors, use) => tlsChainFault(chain, anchors, { use, atMs: Date.now() }),
      });
      assert.ok(opened.ok);
      t.after(() => opened.value.close());
      return opened.value;
    }),
  );
  const host = createChannelHost();
  const everybody = Promise.withResolvers<void>();
  let answered = 0;
  const outcomes = streams.map((stream) =>
    stream.using(async () => {
      const got = await pullStateInfo(stream, host, asker.identity.pkiId, CHANNEL);
      answered++;
      if (answered === streams.length) everybody.resolve();
      await everybody.promise; // All answers are in use at the same time.
      return got.ok ? "answered" : got.code;
    }),
  );
  await Promise.all(outcomes);
  assert.deepEqual(
    streams.map(({ end }) => end?.code),
    [undefined, "message-too-large", undefined],
  );
  const [first] = streams;
  const again = await first?.using(() => pullStateInfo(first, host, asker.identity.pkiId, CHANNEL));
  assert.equal(again?.ok, true, "what is no longer in use is free");
});
