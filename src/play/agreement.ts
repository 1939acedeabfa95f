/** Compares every member's table with the truth. */
import { maySee } from "../../simulation/member.ts";
import type { PlayedNetwork } from "./played-network.ts";
import type { Player } from "./player.ts";

export interface Agreement {
  /** Pairs of a running member and one that it should see, and how many it sees. */
  readonly expected: number;
  readonly seen: number;
  /** Pairs in which a member sees one that is gone. */
  readonly ghosts: number;
  /** Running members with an exact view, and all running members. */
  readonly agreeing: number;
  readonly running: number;
}

export function compareViews(network: PlayedNetwork): Agreement {
  let [expected, seen, ghosts, agreeing, running] = [0, 0, 0, 0, 0];
  for (const observer of network.players) {
    const { life } = observer;
    if (life === undefined) continue;
    running += 1;
    const { table } = life.member.core.members;
    let [wanted, found] = [0, 0];
    for (const subject of network.players) {
      if (!shouldSee(network, observer, subject)) continue;
      wanted += 1;
      if (table.get(subject.issued.identity.pkiId)?.status === "alive") found += 1;
    }
    const strange = life.member.core.members.aliveCount - found;
    expected += wanted;
    seen += found;
    ghosts += strange;
    if (wanted === found && strange === 0) agreeing += 1;
  }
  return { expected, seen, ghosts, agreeing, running };
}

function shouldSee(network: PlayedNetwork, observer: Player, subject: Player): boolean {
  return (
    subject.life !== undefined &&
    subject !== observer &&
    maySee(observer, subject) &&
    network.isValidFor(observer, subject.issued)
  );
}
