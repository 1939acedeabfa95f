/** Convergence: compares every member's view with the truth. */
import type { Issued } from "./authority.ts";
import { maySee, type SimulatedMember } from "./member.ts";
import type { Sight, Views } from "./views.ts";
import type { World } from "./world.ts";

type Gap = "missing" | "ghost";

export function look(world: World, views: Views): Sight {
  let [expected, seen, ghosts] = [0, 0, 0];
  for (const observer of observers(world)) {
    for (const certificate of world.authority.issued) {
      const should = shouldSee(world, observer, certificate);
      const sees = views.sees(observer.index, certificate.index);
      if (should) expected += 1;
      if (should && sees) seen += 1;
      if (sees && !should && isOurs(world, certificate)) ghosts += 1;
    }
  }
  return { expected, seen, ghosts };
}

/** Members of this thread whose views count: running, not stalled, and holding an identity that is valid for all. */
export function observers(world: World): readonly SimulatedMember[] {
  return world.members.filter(
    (member) =>
      member.life !== undefined &&
      !member.isElsewhere &&
      !member.life.process.isStalled &&
      world.isValidFor(member, member.issued) &&
      !world.channels.revoked.has(member.issued.identity.pkiId),
  );
}

/** Whether a healthy observer should see the owner of a certificate by now. */
function shouldSee(world: World, observer: SimulatedMember, certificate: Issued): boolean {
  const subject = world.members[certificate.owner];
  return (
    subject?.life !== undefined &&
    subject !== observer &&
    subject.issued === certificate &&
    maySee(observer, subject) &&
    world.isValidFor(observer, certificate)
  );
}

/** Visibility of hostile members does not count. */
function isOurs(world: World, { owner }: Issued): boolean {
  return world.members[owner]?.isHostile === false;
}

function gapBetween(
  world: World,
  views: Views,
  observer: SimulatedMember,
  certificate: Issued,
): Gap | undefined {
  if (!isOurs(world, certificate)) return undefined;
  const should = shouldSee(world, observer, certificate);
  const sees = views.sees(observer.index, certificate.index);
  if (should === sees) return undefined;
  return should ? "missing" : "ghost";
}

/** Examples of missing and stale entries in views. */
export function describeGaps(world: World, views: Views, max = 5): readonly string[] {
  const gaps: string[] = [];
  for (const observer of observers(world)) {
    for (const certificate of world.authority.issued) {
      const gap = gapBetween(world, views, observer, certificate);
      if (gap === undefined || gaps.length >= max) continue;
      const { pkiId } = certificate.identity;
      const subject = `${world.members[certificate.owner]?.name} (${pkiId.slice(0, 8)})`;
      const verb = gap === "missing" ? "does not see" : "still sees";
      gaps.push(`${observer.name} ${verb} ${subject}`);
    }
  }
  return gaps;
}

export function isComplete({ expected, seen, ghosts }: Sight): boolean {
  return seen === expected && ghosts === 0;
}

/** What healthy nodes report of themselves at the end, when nothing should be wrong. */
export function illnesses(world: World): readonly string[] {
  return observers(world).flatMap((member) => {
    const problems = member.life?.node.diagnostics.problems() ?? [];
    const expected = unlearnable(world, member).map((name) => `On channel ${name}:`);
    return problems
      .filter((problem) => !expected.some((start) => problem.startsWith(start)))
      .map((problem) => `${member.name} says "${problem}"`);
  });
}

/**
 * Channels that removed the member's organisation before the member had learned their configuration: the
 * peers of its organisation no longer speak of them, so it never will, and is right to say so.
 */
function unlearnable({ channels }: World, { life, mspId }: SimulatedMember): readonly string[] {
  return (life?.node.channels() ?? [])
    .filter(({ name, configSequence }) => {
      const organisations = channels.table.get(name)?.configuration.organisations ?? [];
      return configSequence === null && organisations.every((one) => one.mspId !== mspId);
    })
    .map(({ name }) => name);
}
