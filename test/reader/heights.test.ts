/** `heights` against peers that answer, that do not, and that lie. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { keyPem, makeCertificate, makeKeys } from "../../src/msp/testing.ts";
import type { ChannelHeights } from "../../src/reader/views.ts";
import { encodeEnvelope, parseEnvelope } from "../../src/wire/envelope.ts";
import { launch, until } from "../cli/program.ts";
import { answer } from "./peer.ts";
import { CHANNEL, flagsOf, makeChain, makeWorld, read } from "./world.ts";

/** What JSON makes of it. */
type AsJson<T> = T extends bigint | Date
  ? string
  : T extends object
    ? { readonly [K in keyof T]: AsJson<T[K]> }
    : T;

const heightsOf = (stdout: string): AsJson<ChannelHeights> => JSON.parse(stdout);

test("one peer is enough to see the peers of all organisations", async (t) => {
  const { org1, org2, peer } = await makeWorld(t);
  const committedMs = Date.now() - 90_000;
  const own = await peer(org1, 0, { chaincodes: [{ name: "kv", version: "3" }] });
  const second = await peer(org1, 1);
  const foreign = await peer(org2, 0);
  own.know(second, { height: 3n, committedMs });
  own.know(foreign);
  const table = await read(t, "heights", flagsOf(org1, own));
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /^channel ch1, height 5, configuration 0: taken from 127/);
  assert.match(table.stdout, /^PEER +MSP +HEIGHT +BEHIND +COMMITTED +RESTARTED +CHAINCODES$/m);
  assert.match(
    table.stdout,
    /^peer0\.org1\.example\.com \(127.0.0.1:\d+\) +Org1MSP +5 +0 .* kv:3$/m,
  );
  assert.match(table.stdout, /^peer1\.org1\.example\.com +Org1MSP +3 +2 +\d+[sm] /m);
  assert.match(table.stdout, /^peer0\.org2\.example\.com +Org2MSP +5 +0/m);
  const json = await read(t, "heights", [...flagsOf(org1, own), "--json"]);
  const { name, role, height, configSequence, members, organisations } = heightsOf(json.stdout);
  assert.deepEqual([name, role, height, configSequence], ["ch1", null, "5", "0"]);
  assert.deepEqual(
    organisations.map(({ mspId, members, heightMax }) => [mspId, members, heightMax]),
    [
      ["Org1MSP", 2, "5"],
      ["Org2MSP", 1, "5"],
    ],
  );
  const [, lagging, other] = members;
  assert.equal(lagging?.pkiId, second.identity.pkiId);
  assert.equal(lagging?.behind, "2");
  assert.equal(Date.parse(lagging?.committedAt ?? ""), committedMs);
  assert.deepEqual(
    [other?.status, other?.endpoint, members[0]?.status],
    ["unknown", null, "alive"],
  );
  assert.equal(members[0]?.endpoint, own.endpoint);
});

test("a peer that lags ends it with 1, if a limit is given", async (t) => {
  const { org1, chain, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  own.know(await peer(org1, 1), { height: 3n });
  const code = async (...flags: string[]) =>
    (await read(t, "heights", [...flagsOf(org1, own), ...flags])).code;
  assert.deepEqual(
    [await code(), await code("--max-behind", "2"), await code("--max-behind", "1")],
    [0, 0, 1],
  );
  assert.equal(chain.height, 5n);
  // The block that it lacks was made a moment ago.
  assert.deepEqual([await code("--max-lag", "1h"), await code("--max-lag", "0s")], [0, 1]);
});

test("--watch, interrupted, ends with what was shown last: 1 if a peer lags, else 0", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  own.know(await peer(org1, 1), { height: 3n });
  for (const [max, want] of [
    ["2", 0],
    ["1", 1],
  ] as const) {
    const flags = [...flagsOf(org1, own), "--watch", "--max-behind", max];
    const running = launch(t, ["heights", CHANNEL, ...flags]);
    await until("a table", () => running.output().includes("PEER "));
    running.child.kill("SIGINT");
    assert.equal((await running.finished).code, want);
  }
});

test("it asks politely: nothing past a height, one question at a time, no word of its own", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const own = await peer(org1, 0, { delayMs: 20 });
  await read(t, "heights", flagsOf(org1, own));
  const kinds = own.requests.map(({ type }) => type);
  assert.deepEqual(
    kinds.toSorted(),
    ["hello", "request", "state-info-pull-request", "state-request", "state-request"].toSorted(),
  );
  assert.ok(own.requests.every(({ isConcurrent, last = 0n }) => !isConcurrent && last <= 4n));
});

test("an unknown channel is met with silence, and not asked for twice", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  const { code, stderr } = await read(t, "heights", flagsOf(org1, own), "other");
  assert.equal(code, 1);
  assert.match(stderr, /did not answer: check the name of the channel/);
  assert.deepEqual(
    own.requests.map(({ type }) => type),
    ["state-info-pull-request"],
  );
  const bad = await read(t, "heights", flagsOf(org1, own), "No_Channel");
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /"No_Channel" is no name of a channel/);
});

test("whoever refuses us is quoted, with what to do", async (t) => {
  const { org1, org3, peer } = await makeWorld(t);
  const own = await peer(org1, 0, {
    refuse: ({ mspId }) => (mspId === "Org1MSP" ? undefined : "Peer Identity unknown"),
  });
  const [user] = org3.organisation.users;
  assert.ok(user);
  const { code, stderr } = await read(t, "heights", flagsOf(org3, own));
  assert.equal(code, 1);
  assert.match(stderr, /refuses us|accepts our certificate|trusted/);
  own.set({ refuse: () => "identity has been revoked" });
  const revoked = await read(t, "heights", flagsOf(org1, own));
  assert.equal(revoked.code, 1);
  assert.match(revoked.stderr, /revoked: enrol anew/);
});

test("whoever is refused with an Ed25519 key is told that this may be why, once", async (t) => {
  const { folder, org1, peer } = await makeWorld(t);
  const [own, other] = [await peer(org1, 0), await peer(org1, 1)];
  const made = makeCertificate({ commonName: "user", keys: makeKeys("ed25519") });
  const [cert, key] = [join(folder, "ed25519.pem"), join(folder, "ed25519.key")];
  await writeFile(cert, made.pem);
  await writeFile(key, keyPem(made));
  const flags = [...flagsOf(org1, own, other), "--cert", cert, "--key", key];
  const doubt =
    /The certificate .*ed25519\.pem has an Ed25519 key, which peers of Fabric 2 refuse/g;
  const stranger = await read(t, "heights", flags);
  assert.match(stranger.stderr, /does not know the CA of its certificate/);
  assert.doesNotMatch(stranger.stderr, doubt);
  for (const one of [own, other]) one.set({ refuse: () => "Peer Identity unknown" });
  const refused = await read(t, "heights", flags);
  assert.deepEqual([refused.code, refused.stderr.match(doubt)?.length], [1, 1], refused.stderr);
});

test("a peer that lets us see but not read says why", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const own = await peer(org1, 0, {
    answer: ({ content }) => (content?.type === "state-request" ? [] : undefined),
  });
  const { code, stderr } = await read(t, "heights", flagsOf(org1, own));
  assert.equal(code, 1);
  assert.match(
    stderr,
    /does not answer when asked for block 4: our certificate does not satisfy the Readers/,
  );
  assert.equal(own.requests.filter(({ type }) => type === "state-request").length, 1);
});

test("a height that a peer does not have is told, and measures nobody", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const honest = await peer(org1, 0);
  const liar = await peer(org1, 1, { height: 1_000n });
  honest.know(liar);
  liar.know(honest);
  const flags = [...flagsOf(org1, honest, liar), "--json"];
  const { code, stdout } = await read(t, "heights", flags);
  const { height, members, notes } = heightsOf(stdout);
  assert.equal(code, 0);
  assert.deepEqual([height, members[0]?.behind, members[1]?.behind], ["5", "0", "0"]);
  assert.match(
    notes.join("\n"),
    /height is 1000, but block 999 is not proven: it does not give block 999/,
  );
  const alone = await read(t, "heights", flagsOf(org1, liar));
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /does not give block 999/);
});

test("a StateInfo that its peer has not signed is left out", async (t) => {
  const { org1, org2, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  const other = await peer(org2, 0);
  own.know(other);
  const forged = parseEnvelope(other.stateInfo({ height: 9n }));
  assert.ok(forged.ok);
  const { payload } = forged.value;
  const unsigned = encodeEnvelope({ payload, signature: new Uint8Array(70) }).bytes;
  const foreign = other.stateInfo();
  own.set({
    answer: ({ content }) =>
      content?.type === "state-info-pull-request"
        ? [
            answer(CHANNEL, {
              type: "state-snapshot",
              value: {
                elements: [Buffer.from("rubbish"), unsigned, own.stateInfo(), foreign.subarray(5)],
              },
            }),
          ]
        : undefined,
  });
  const { stdout } = await read(t, "heights", [...flagsOf(org1, own), "--json"]);
  const { members, notes } = heightsOf(stdout);
  assert.deepEqual(
    members.map(({ pkiId }) => pkiId),
    [own.identity.pkiId],
  );
  assert.match(notes.join("\n"), /peer0\.org2.*is not signed by it/);
  assert.match(notes.join("\n"), /2 of its StateInfo cannot be read/);
});

test("one StateInfo that was signed twice is no contradiction; two of one moment are", async (t) => {
  const { org1, org2, peer } = await makeWorld(t);
  const [own, second] = [await peer(org1, 0), await peer(org1, 1)];
  const other = await peer(org2, 0);
  const loadedMs = Date.now() - 60_000;
  const committedMs = loadedMs + 5_000;
  const notesOf = async (height: bigint): Promise<string> => {
    own.know(other, { loadedMs, committedMs, height: 5n });
    second.know(other, { loadedMs, committedMs, height });
    const { stdout } = await read(t, "heights", [...flagsOf(org1, own, second), "--json"]);
    return heightsOf(stdout).notes.join("\n");
  };
  assert.doesNotMatch(await notesOf(5n), /of one moment/);
  assert.match(await notesOf(4n), /peer0\.org2.* has signed two StateInfo of one moment/);
});

test("16 MiB of rubbish are no answer", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const rubbish = new Uint8Array(16 * 1_048_576).fill(0xff);
  const own = await peer(org1, 0, { answer: () => [rubbish] });
  const { code, stderr } = await read(t, "heights", flagsOf(org1, own));
  assert.equal(code, 1);
  assert.match(stderr, /no gossip message/);
});

test("a block of another channel is no start", async (t) => {
  const world = await makeWorld(t);
  const { org1, peer } = world;
  const other = await makeChain(world, "ch2");
  other.addTransactions(4);
  const own = await peer(org1, 0, {
    answer({ content, nonce }) {
      if (content?.type !== "state-request") return undefined;
      const { startSeqNum: seqNum } = content.value;
      const payloads = [{ seqNum, data: other.blocks[Number(seqNum)] ?? new Uint8Array(0) }];
      return [answer(CHANNEL, { type: "state-response", value: { payloads } }, nonce)];
    },
  });
  const { code, stderr } = await read(t, "heights", flagsOf(org1, own));
  assert.equal(code, 1);
  assert.match(stderr, /configuration block 0 is of channel ch2/);
});

test("nobody there, a wrong CA, and wrong files: each has its sentence", async (t) => {
  const { folder, org1, org2, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  const wrongCa = flagsOf(org1, own).map((word) =>
    word === own.tlsCaFile ? (org2.organisation.users[0]?.tlsCaFile ?? "") : word,
  );
  const tls = await read(t, "heights", wrongCa);
  assert.notEqual(tls.code, 0);
  assert.match(tls.stderr, /CA that we do not trust.*with --tls-ca, once for each/);
  const foreign = await peer(org2, 0);
  const others = await read(t, "heights", [
    ...wrongCa,
    ...["--peer", foreign.endpoint, "--tls-ca", foreign.tlsCaFile],
  ]);
  assert.equal(others.code, 1);
  assert.match(others.stderr, /CA that we do not trust|not trusted/);
  assert.match(others.stderr, /No peer of Org1MSP has answered/);
  const half = flagsOf(org1, own).slice(0, -2);
  const pair = await read(t, "heights", half);
  assert.equal(pair.code, 2);
  assert.match(pair.stderr, /--tls-cert and --tls-key belong together/);
  const none = await read(t, "heights", []);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /Nothing says who asks/);
  await own.close();
  const gone = await read(t, "heights", flagsOf(org1, own));
  assert.equal(gone.code, 3);
  assert.match(gone.stderr, /Check the address/);
  const block = join(folder, "no.block");
  await writeFile(block, "this is no block");
  const trust = await read(t, "heights", [...flagsOf(org1, own), "--trust", block]);
  assert.equal(trust.code, 2);
  assert.match(trust.stderr, /is no configuration block/);
});

test("a certificate alone will do where TLS clients are not verified, and where they are it says so", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  const bare = (words: readonly string[]) => words.slice(0, -4);
  const open = await read(t, "heights", bare(flagsOf(org1, own)));
  assert.equal(open.code, 0, open.stderr);
  const strict = await peer(org1, 1, { clientAuthRequired: true });
  const refused = await read(t, "heights", bare(flagsOf(org1, strict)));
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /refused our TLS|have the CA of our TLS certificate listed there/);
});

test("a configuration block of our own is a start, also for peers of others only", async (t) => {
  const { folder, org1, org2, chain, peer } = await makeWorld(t);
  const foreign = await peer(org2, 0);
  const alone = await read(t, "heights", flagsOf(org1, foreign));
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /No peer of Org1MSP has answered/);
  const trust = join(folder, "genesis.block");
  await writeFile(trust, chain.blocks[0] ?? "");
  const { code, stdout, stderr } = await read(t, "heights", [
    ...flagsOf(org1, foreign),
    "--trust",
    trust,
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /configuration 0: from .*genesis\.block/);
});

test("a profile names peers, their CAs and the name of their certificates", async (t) => {
  const { folder, org1, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  const pem = await readFile(own.tlsCaFile, "utf8");
  const [, port = ""] = own.endpoint.split(":");
  const grpcOptions = { "ssl-target-name-override": "peer0.org1.example.com" };
  const profile = (tlsCACerts: object) => ({
    client: { organization: "Org1" },
    organizations: { Org1: { mspid: "Org1MSP", peers: ["p0"] } },
    peers: { p0: { url: `grpcs://127.0.0.1:${port}`, tlsCACerts, grpcOptions } },
  });
  const [user] = org1.organisation.users;
  assert.ok(user);
  const file = join(folder, "connection.json");
  const who = ["--profile", file, "--cert", user.certFile, "--key", user.keyFile];
  await writeFile(file, JSON.stringify(profile({ pem: [pem] })));
  const json = await read(t, "heights", who);
  assert.equal(json.code, 0, json.stderr);
  await writeFile(file, `# YAML\n${JSON.stringify(profile({ path: own.tlsCaFile }), null, 1)}`);
  const named = await read(t, "heights", [...who, "--peer", "p0"]);
  assert.equal(named.code, 0, named.stderr);
  await writeFile(file, JSON.stringify(profile({ path: "missing.pem" })));
  const missing = await read(t, "heights", who);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /peer p0, tlsCACerts\.path .*missing\.pem does not exist/);
  await writeFile(file, "peers: [");
  assert.match((await read(t, "heights", who)).stderr, /is no connection profile in JSON or YAML/);
});

test("the environment of Fabric's peer command will do", async (t) => {
  const { org1, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  const [user] = org1.organisation.users;
  assert.ok(user);
  const { run } = await import("../cli/program.ts");
  const { code, stdout, stderr } = await run(t, ["heights", CHANNEL], {
    CORE_PEER_LOCALMSPID: "Org1MSP",
    CORE_PEER_MSPCONFIGPATH: user.mspFolder,
    CORE_PEER_ADDRESS: own.endpoint,
    CORE_PEER_TLS_ENABLED: "true",
    CORE_PEER_TLS_ROOTCERT_FILE: own.tlsCaFile,
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /peer0\.org1/);
});
