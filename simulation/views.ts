/** Who sees whom, derived from published events without polling the nodes. */
import type { GossipEvent } from "../src/observe/events.ts";
import type { SimulatedAuthority } from "./authority.ts";
import type { SimulatedMember } from "./member.ts";

export interface Sight {
  /** Observer-subject pairs that should see each other, and how many do. */
  readonly expected: number;
  readonly seen: number;
  /** Pairs in which the observer shows a subject alive that is not. */
  readonly ghosts: number;
}

export interface Views {
  /** A process has started: it sees nobody. */
  begin(observer: SimulatedMember): void;
  /** Applies one event of the node. */
  observe(observer: SimulatedMember, event: GossipEvent): void;
  /** Whether the certificate of this number is alive in the view. */
  sees(observer: number, certificate: number): boolean;
  /** Open connections of the member. */
  connections(observer: number): number;
}

export function createViews(authority: SimulatedAuthority): Views {
  const alive: Uint8Array[] = [];
  const connections: number[] = [];

  function mark(observer: SimulatedMember, pkiId: string, isAlive: boolean): void {
    const issued = authority.find(pkiId);
    if (issued === undefined) return;
    let row = alive[observer.index] ?? new Uint8Array(0);
    if (issued.index >= row.length) {
      const longer = new Uint8Array(Math.max(authority.issued.length + 16, issued.index + 1));
      longer.set(row);
      row = longer;
      alive[observer.index] = row;
    }
    row[issued.index] = isAlive ? 1 : 0;
  }

  return {
    begin({ index }) {
      alive[index] = new Uint8Array(authority.issued.length + 16);
      connections[index] = 0;
    },

    observe(observer, event) {
      switch (event.type) {
        case "member-joined":
        case "member-returned":
          mark(observer, event.member.pkiId, true);
          return;
        case "member-dead":
        case "member-forgotten":
          mark(observer, event.member.pkiId, false);
          return;
        case "connection-opened":
          connections[observer.index] = (connections[observer.index] ?? 0) + 1;
          return;
        case "connection-closed":
          connections[observer.index] = (connections[observer.index] ?? 0) - 1;
          return;
        default:
      }
    },

    sees: (observer, certificate) => alive[observer]?.[certificate] === 1,
    connections: (observer) => connections[observer] ?? 0,
  };
}
