/** Two hubs of one network, each with one member: what crosses the border between them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMemoryHub, type MemoryHub } from "../../src/transport/memory.ts";
import type { Send } from "../../src/transport/memory-crossing.ts";
import type { Link, Network } from "../../src/transport/network.ts";
import { createVirtualClock } from "../../src/transport/testing.ts";

const LATENCY_MS = 10;
const CROSSING_MS = 4;

interface Member {
  readonly network: Network;
  readonly accepted: Link[];
  readonly heard: string[];
}

interface Abroad {
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly home: Member;
  readonly far: Member;
  /** Dials from home; what was opened is in it later. */
  dial(): { readonly links: Link[]; readonly failed: string[]; cancel: () => void };
}

/** Whatever crosses arrives at once, before it is due. */
async function createAbroad(windowBytes = 65_536): Promise<Abroad> {
  const clock = createVirtualClock();
  let links = 0;
  const hubs: MemoryHub[] = [];
  const hubAt = (endpoint: string): MemoryHub["arrivals"] => {
    const hub = hubs[endpoint === "home:1" ? 0 : 1];
    assert.ok(hub);
    return hub.arrivals;
  };
  for (const own of ["home:1", "far:1"]) {
    const border = {
      crossingMs: CROSSING_MS,
      isAbroad: (endpoint: string) => endpoint !== own,
      nextLink: () => links++,
      dialled: (dial: Parameters<MemoryHub["arrivals"]["dialled"]>[0]) =>
        hubAt(dial.endpoint).dialled(dial),
      withdrew: (link: number, endpoint: string) => hubAt(endpoint).withdrew(link),
      way:
        (end: number, _from: string, to: string): Send =>
        (dueMs, sentAtMs, content) =>
          hubAt(to).sent({ end, dueMs, sentAtMs, contents: [content] }),
    };
    hubs.push(createMemoryHub({ clock, latencyMs: () => LATENCY_MS, windowBytes, border }));
  }
  const [homeHub, farHub] = hubs;
  assert.ok(homeHub && farHub);
  const home = await memberOf(homeHub, farHub, "home:1");
  const far = await memberOf(farHub, homeHub, "far:1");
  return {
    clock,
    home,
    far,
    dial() {
      const [links, failed]: [Link[], string[]] = [[], []];
      const cancel = home.network.dial("far:1", {
        opened: (link) => {
          links.push(link);
          listen(link, home.heard);
        },
        failed: (fault) => failed.push(fault),
      });
      return { links, failed, cancel };
    },
  };
}

/** The other hub knows only that it listens. */
async function memberOf(own: MemoryHub, other: MemoryHub, endpoint: string): Promise<Member> {
  const options = { endpoints: [endpoint], certificate: Buffer.from(endpoint) } as const;
  const [network, accepted, heard]: [Network, Link[], string[]] = [own.network(options), [], []];
  await network.listen((link) => {
    accepted.push(link);
    listen(link, heard);
  });
  await other.network(options).listen(() => assert.fail("another hub runs it"));
  return { network, accepted, heard };
}

function listen(link: Link, heard: string[]): void {
  link.start({
    message: (bytes) => heard.push(Buffer.from(bytes).toString()),
    drain: () => heard.push("(drain)"),
    closed: (fault) => heard.push(`(${fault})`),
  });
}

describe("a link between members of two hubs", () => {
  test("opens at both ends at the same moment, which know each other's certificates", async () => {
    const { clock, far, dial } = await createAbroad();
    const { links } = dial();
    clock.advance(2 * LATENCY_MS - 1);
    assert.deepEqual([links.length, far.accepted.length], [0, 0]);
    clock.advance(1);
    assert.deepEqual([links.length, far.accepted.length], [1, 1]);
    assert.deepEqual(links[0]?.remoteCertHash, far.accepted[0]?.localCertHash);
    assert.deepEqual(links[0]?.localCertHash, far.accepted[0]?.remoteCertHash);
    assert.notDeepEqual(links[0]?.localCertHash, links[0]?.remoteCertHash);
  });

  test("brings messages both ways, in order and after the latency, and its end", async () => {
    const { clock, home, far, dial } = await createAbroad();
    const { links } = dial();
    clock.advance(2 * LATENCY_MS);
    links[0]?.send(Buffer.from("one"));
    links[0]?.send(Buffer.from("two"));
    far.accepted[0]?.send(Buffer.from("back"));
    clock.advance(LATENCY_MS - 1);
    assert.deepEqual([home.heard, far.heard], [[], []]);
    clock.advance(1);
    assert.deepEqual([home.heard, far.heard], [["back"], ["one", "two"]]);
    links[0]?.close();
    clock.advance(LATENCY_MS + 1);
    assert.deepEqual([home.heard.at(-1), far.heard.at(-1)], ["(stopped)", "(closed)"]);
  });

  test("is full until the other side must have read", async () => {
    const { clock, home, dial } = await createAbroad(100);
    const { links } = dial();
    clock.advance(2 * LATENCY_MS);
    assert.equal(links[0]?.send(new Uint8Array(60)), true);
    clock.advance(1);
    assert.equal(links[0]?.send(new Uint8Array(60)), false);
    clock.advance(LATENCY_MS - 1); // The first arrives; more than half of the window is left.
    assert.deepEqual(home.heard, []);
    clock.advance(1);
    assert.deepEqual(home.heard, ["(drain)"]);
  });

  test("does not open after a dial that was withdrawn in time", async () => {
    const { clock, far, dial } = await createAbroad();
    const { links, failed, cancel } = dial();
    clock.advance(2 * LATENCY_MS - CROSSING_MS);
    cancel();
    clock.advance(1_000);
    assert.deepEqual([links, failed, far.accepted], [[], [], []]);
  });

  test("opens and ends after a dial that was withdrawn too late to tell", async () => {
    const { clock, far, dial } = await createAbroad();
    const { links, failed, cancel } = dial();
    clock.advance(2 * LATENCY_MS - CROSSING_MS + 1);
    cancel();
    clock.advance(1_000);
    assert.deepEqual([links, failed], [[], []]);
    assert.deepEqual([far.accepted.length, far.heard], [1, ["(closed)"]]);
  });

  test("ends with the network of either side", async () => {
    const { clock, home, far, dial } = await createAbroad();
    dial();
    clock.advance(2 * LATENCY_MS);
    await far.network.close();
    clock.advance(LATENCY_MS + 1);
    assert.deepEqual(home.heard, ["(closed)"]);
  });
});
