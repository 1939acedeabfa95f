/** The overlay: links both ends agree on, few of them, and a way from everybody to everybody. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sparing } from "../handlers/audience.ts";
import { testIdentity } from "../testing-identities.ts";
import type { PkiId } from "../types/host.ts";
import {
  findNeighbours,
  isElsewhere,
  type Neighbours,
  type Resident,
  type Rings,
} from "./neighbours.ts";

function residents(mspId: string, count: number, isExternal = true): Resident[] {
  return Array.from({ length: count }, (_, i) => {
    const { pkiId, certificate } = testIdentity(mspId, `${mspId}${i}${isExternal}`);
    return { pkiId, certificate, mspId, isExternal };
  });
}

type Overlay = ReadonlyMap<PkiId, Neighbours>;

/** By members and epochs: the same for every message. */
const overlays = new WeakMap<readonly Resident[], Map<string, Overlay>>();

/** The neighbours of everybody, each with the view it may have: of foreigners only the external. */
function overlay(all: readonly Resident[], epochs = [7, 7]): Overlay {
  const ofAll = overlays.get(all) ?? new Map<string, Overlay>();
  overlays.set(all, ofAll);
  const known = ofAll.get(epochs.join());
  if (known !== undefined) return known;
  const computed = new Map(
    all.map((self) => [
      self.pkiId,
      findNeighbours(
        self,
        all.filter((other) => other !== self),
        epochs,
      ),
    ]),
  );
  ofAll.set(epochs.join(), computed);
  return computed;
}

function linksOf({ home, homeExternal, abroad }: Neighbours): Set<PkiId> {
  return new Set([...home.flat(), ...homeExternal.flat(), ...[...abroad.values()].flat()]);
}

/** Everybody to whom a message of the author gets, passed on by the rules of dissemination.ts. */
function reached(
  all: readonly Resident[],
  author: Resident,
  dead = new Set<PkiId>(),
  sequence?: bigint,
): Set<PkiId> {
  const byId = new Map(all.map((resident) => [resident.pkiId, resident]));
  const links = overlay(all);
  const pick = (rings: Rings, at: Resident): readonly PkiId[] =>
    sequence === undefined ? rings.flat() : sparing(rings, at.pkiId, author.pkiId, sequence);
  const has = new Set([author.pkiId]);
  const queue = [author];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const { home, homeExternal, abroad } = links.get(at.pkiId) ?? fail();
    const gateways = author.isExternal ? [...abroad.values()].flat() : [];
    const next =
      at.mspId === author.mspId
        ? [...pick(home, at), ...gateways]
        : [...pick(homeExternal, at), ...(abroad.get(author.mspId) ?? [])];
    for (const pkiId of next) {
      if (has.has(pkiId) || dead.has(pkiId)) continue;
      has.add(pkiId);
      queue.push(byId.get(pkiId) ?? fail());
    }
  }
  return has;
}

function fail(): never {
  throw new Error("nobody of that name");
}

const NETWORKS: readonly (readonly [string, Resident[]])[] = [
  ["one member", residents("A", 1)],
  ["two members", residents("A", 2)],
  ["ten members", residents("A", 10)],
  ["500 members", residents("A", 500)],
  ["two organisations", [...residents("A", 30), ...residents("B", 3)]],
  ["six organisations", ["A", "B", "C", "D", "E", "F"].flatMap((name) => residents(name, 4))],
  ["nine single members", [..."ABCDEFGHI"].flatMap((name) => residents(name, 1))],
  [
    "some without an external endpoint",
    [...residents("A", 20), ...residents("A", 20, false), ...residents("B", 10)],
  ],
];

describe("the overlay", () => {
  for (const [name, all] of NETWORKS) {
    test(`${name}: every link is known at both ends`, () => {
      const links = overlay(all);
      for (const [pkiId, neighbours] of links) {
        for (const other of linksOf(neighbours)) {
          assert.ok(linksOf(links.get(other) ?? fail()).has(pkiId));
        }
      }
    });

    test(`${name}: nobody has more than 16 links, nor one to itself`, () => {
      for (const [pkiId, neighbours] of overlay(all)) {
        assert.ok(linksOf(neighbours).size <= 16, String(linksOf(neighbours).size));
        assert.ok(!linksOf(neighbours).has(pkiId));
      }
    });

    test(`${name}: a message reaches everybody who may see it`, () => {
      for (const author of all.slice(0, 40)) {
        const expected = all.filter(
          ({ mspId, isExternal }) => mspId === author.mspId || (author.isExternal && isExternal),
        );
        assert.equal(reached(all, author).size, expected.length);
      }
      for (const author of all.slice(0, 3)) {
        const size = reached(all, author).size;
        for (const sequence of [1n, 2n, 3n]) {
          assert.equal(reached(all, author, new Set(), sequence).size, size);
        }
      }
    });
  }

  test("organisations are linked as often as they can afford, at least once, and thrice at most", () => {
    for (const [orgs, size, links] of [
      [2, 12, 3],
      [3, 1, 1],
      [17, 2, 1],
      [30, 2, 1],
    ] as const) {
      const all = Array.from({ length: orgs }, (_, i) => residents(`O${i}`, size)).flat();
      const found = overlay(all);
      for (let other = 1; other < orgs; other++) {
        const abroad = all
          .filter(({ mspId }) => mspId === "O0")
          .flatMap(({ pkiId }) => found.get(pkiId)?.abroad.get(`O${other}`) ?? []);
        assert.equal(abroad.length, links, `${orgs} of ${size}, O${other}`);
      }
    }
  });

  test("a routine message spares three of eight links, each time others", () => {
    const all = residents("A", 100);
    const links = overlay(all);
    const author = all[0]?.pkiId ?? fail();
    const used = (sequence: bigint): Set<string> =>
      new Set(
        all.flatMap(({ pkiId }) => {
          const { home } = links.get(pkiId) ?? fail();
          return sparing(home, pkiId, author, sequence).map((other) => `${pkiId} ${other}`);
        }),
      );
    const [one, another] = [used(1n), used(2n)];
    for (const link of one) assert.ok(one.has(link.split(" ").reverse().join(" ")));
    assert.ok(one.size > 220 && one.size < 280, String(one.size));
    assert.ok([...one].some((link) => !another.has(link)));
  });

  test("any one member may be dead unnoticed: everybody else is reached all the same", () => {
    const all = [...residents("A", 12), ...residents("B", 6)];
    for (const victim of all) {
      for (const author of all) {
        if (author === victim) continue;
        for (const sequence of [undefined, 1n, 2n]) {
          const { size } = reached(all, author, new Set([victim.pkiId]), sequence);
          assert.equal(size, all.length - 1);
        }
      }
    }
  });

  test("at most ten hops to each of 1000 members", () => {
    const all = residents("A", 1_000);
    const links = overlay(all);
    const [first] = all;
    const distance = new Map([[first?.pkiId ?? fail(), 0]]);
    for (const [pkiId, hops] of distance) {
      for (const other of links.get(pkiId)?.home.flat() ?? fail()) {
        if (!distance.has(other)) distance.set(other, hops + 1);
      }
    }
    assert.equal(distance.size, 1_000);
    assert.ok(Math.max(...distance.values()) <= 10);
  });

  test("who joins moves a few links only", () => {
    const all = residents("A", 100);
    const [before, after] = [overlay(all.slice(1)), overlay(all)];
    const moved = all.slice(1).filter(({ pkiId }) => {
      const [was, is] = [before.get(pkiId)?.home, after.get(pkiId)?.home];
      return was?.toString() !== is?.toString();
    });
    assert.ok(moved.length <= 4, String(moved.length));
  });

  test("another epoch is another order; of one ring only if only its epoch changed", () => {
    const all = residents("A", 100);
    const [old, half, whole] = [overlay(all, [7, 7]), overlay(all, [8, 7]), overlay(all, [8, 8])];
    const kept = (a: Overlay, b: Overlay): number =>
      all.reduce((sum, { pkiId }) => {
        const home = new Set(b.get(pkiId)?.home.flat());
        return sum + (a.get(pkiId)?.home.flat() ?? []).filter((id) => home.has(id)).length;
      }, 0);
    assert.ok(kept(old, half) >= 200 && kept(old, half) < 240, String(kept(old, half)));
    assert.ok(kept(old, whole) < 40, String(kept(old, whole)));
  });

  for (const isExternal of [true, false]) {
    const where = isExternal ? "with" : "without";
    test(`whoever stands elsewhere moves no link of a member ${where} external endpoint`, () => {
      const [self = fail(), ...others] = [
        ...residents("A", 200, isExternal),
        ...residents("A", 40),
        ...residents("B", 2, false),
      ];
      const present = new Map<PkiId, Resident>();
      let [neighbours, moves] = [findNeighbours(self, [], [7, 8]), 0];
      const change = (pkiId: PkiId, other: Resident | undefined): void => {
        if (other === undefined) present.delete(pkiId);
        else present.set(pkiId, other);
        const isCalm = isElsewhere(self, pkiId, other, neighbours, [7, 8]);
        const now = findNeighbours(self, present.values(), [7, 8]);
        if (isCalm) assert.deepEqual(now, neighbours);
        else moves += 1;
        neighbours = now;
      };
      for (const other of others) change(other.pkiId, other);
      others.forEach((other, i) => {
        if (i % 3 === 0)
          change(other.pkiId, i % 2 === 0 ? { ...other, isExternal: false } : undefined);
      });
      assert.ok(moves > 4 && moves < 80, String(moves));
    });
  }
});
