/** The channel of a devnet without its processes: source, feed, and members that verify. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { temporaryFolder } from "../../test/cli/program.ts";
import { parseBlock } from "../channel/rules/read-block.ts";
import type { Served } from "../node/block-server.ts";
import { ChannelFeed, type FedMember } from "./channel-feed.ts";
import { ChannelSource } from "./channel-source.ts";
import { generateKeys, openFolder } from "./folder.ts";
import { ListedChannel } from "./listed-channel.ts";
import { parsePlan } from "./plan.ts";

interface Told {
  readonly blocks?: readonly string[];
  readonly forged?: readonly string[];
  readonly differs?: readonly string[];
}

/** A member in this process, behind the same messages as one in its own. */
class Member implements FedMember {
  readonly name: string;
  readonly served: Served[] = [];
  readonly channel = new ListedChannel((served) => void this.served.push(served));
  feed: ChannelFeed | undefined;
  told = 0;

  constructor(name: string) {
    this.name = name;
  }

  tell(message: object): void {
    const { blocks, forged, differs }: Told = message;
    this.told += 1;
    if (differs !== undefined) this.channel.differ();
    for (const text of forged ?? []) this.channel.lie(Buffer.from(text, "base64"));
    if (forged !== undefined || differs !== undefined) return;
    const taken = this.channel.take((blocks ?? []).map((text) => Buffer.from(text, "base64")));
    queueMicrotask(() => this.feed?.hear(this.name, taken));
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("blocks come at the rate that is set, lagging members wait, forged ones are refused", async (t) => {
  const dir = await temporaryFolder(t);
  const plan = parsePlan({ orgs: "2", peers: "2", basePort: "9400", channel: "ch1" });
  const folder = await openFolder(`${dir}/net`, plan);
  await generateKeys(plan, folder, () => {}, new AbortController().signal);
  const source = await ChannelSource.open("ch1", plan, folder);
  mock.timers.enable({ apis: ["setInterval"] });
  t.after(() => mock.timers.reset());
  const members = plan.members.map(({ name }) => new Member(name));
  const [first, second] = members;
  assert.ok(first && second);
  const feed = new ChannelFeed(source, members);
  for (const member of members) member.feed = feed;
  feed.start();
  // The first block is there at once, then 30 a minute.
  for (const { name } of members) feed.hear(name, { height: 0 });
  mock.timers.tick(10_000);
  await settled();
  assert.deepEqual(Object.values(feed.status.heights), [6, 6, 6, 6]);
  assert.deepEqual(first.served.at(-1)?.height, 6n);
  const { organisations, faults } = first.served.at(-1)?.configuration ?? {};
  assert.deepEqual(
    [organisations?.map(({ mspId }) => mspId), faults],
    [["Org1MSP", "Org2MSP"], []],
  );
  assert.deepEqual(organisations?.[1]?.anchors, [
    { host: "127.0.0.1", port: 9405 },
    { host: "127.0.0.1", port: 9407 },
  ]);

  feed.setLagging([second.name]);
  source.setRate(600);
  mock.timers.tick(10_000);
  await settled();
  assert.deepEqual([feed.status.height, feed.status.heights[second.name]], [106, 6]);
  assert.deepEqual(feed.status.heights[first.name], 106);

  const told = second.told;
  feed.forge();
  await settled();
  assert.equal(second.told, told, "a member that lags is offered nothing");
  assert.deepEqual(
    feed.status.refused.map(({ member, number }) => [member, number]),
    members.filter((one) => one !== second).map(({ name }) => [name, 106]),
  );
  assert.match(feed.status.refused[0]?.reason ?? "", /BlockValidation/);

  // One of them offers it to the others, and spoils what comes after it.
  assert.equal(first.served.at(-1)?.height, 107n);
  const [forged] = await first.channel.read(106n, 106n, 1);
  const parsed = parseBlock(forged ?? assert.fail());
  assert.ok(parsed.ok && parsed.value.header.number === 106n);
  const given = async (from: bigint) => (await first.channel.read(from, 107n, 1)).map(Buffer.from);
  assert.deepEqual(await given(105n), [Buffer.from(source.blocks[105] ?? [])]);
  mock.timers.tick(200);
  await settled();
  const [right] = source.blocks.slice(106, 107).map(Buffer.from);
  assert.ok(right);
  assert.notDeepEqual(await given(106n), [right]);
  first.channel.beHonest();
  assert.deepEqual(await given(106n), [right]);

  // The same block with another end is another result of the same transactions.
  feed.differ();
  mock.timers.tick(100);
  await settled();
  const [true_] = source.blocks.slice(108, 109);
  const [same] = await first.channel.read(106n, 106n, 1);
  const [other] = await first.channel.read(108n, 108n, 1);
  assert.ok(true_ && other && same);
  assert.deepEqual([Buffer.from(same), other.length], [right, true_.length]);
  const changed = [...true_.keys()].filter((at) => true_[at] !== other[at]);
  assert.deepEqual(changed, [true_.length - 32]);
  first.channel.beHonest();

  source.setRate(0);
  feed.setLagging([]);
  for (let i = 0; i < 10; i++) await settled();
  mock.timers.tick(60_000);
  assert.deepEqual([feed.status.height, feed.status.heights[second.name]], [109, 109]);
  assert.equal(feed.status.refused.length, 3, "nothing sound is refused");

  // What is served is what the source has made, also in parts.
  const read = await second.channel.read(3n, 5n, 1_000_000);
  assert.deepEqual(read.map(Buffer.from), source.blocks.slice(3, 6).map(Buffer.from));
  assert.equal((await second.channel.read(3n, 5n, 1)).length, 1);
  assert.ok(read.every((bytes) => parseBlock(bytes).ok));
  feed.forget(first.name);
  assert.equal(first.name in feed.status.heights, false);
  source.stop();
  folder.remove();
});

test("a member does not begin with what is no configuration, nor hear nonsense", () => {
  const member = new Member("peer0.org1");
  assert.match(member.channel.take([Uint8Array.of(1, 2)]).refused?.reason ?? "", /./);
  assert.deepEqual(member.served, []);
  assert.deepEqual(member.channel.take([]), { height: 0 });
});

test("the name of a channel is checked with the other options", () => {
  for (const channel of ["", "Ch1", "1ch", "ch_1", "a".repeat(250), "ch\n1"]) {
    assert.throws(
      () => parsePlan({ orgs: "1", peers: "1", basePort: "9400", channel }),
      /--channel/,
    );
  }
  const { channel } = parsePlan({ orgs: "1", peers: "1", basePort: "9400", channel: "ch1.a-b" });
  assert.equal(channel, "ch1.a-b");
});
