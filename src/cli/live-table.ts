/** The member table of a devnet: redrawn in place on a terminal, otherwise one line per change. */
import type { MemberSummary } from "../devnet/observer.ts";
import { type Column, formatTable, until } from "./table.ts";

/** Output stream: standard output. */
interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface LiveTable {
  /** Shows the current members. Without a terminal, prints nothing until the network is settled. */
  show(summaries: readonly MemberSummary[], nowMs: number, isSettled: boolean): void;
  /** Prints a line, above the table on a terminal. */
  say(line: string): void;
}

export function createLiveTable(screen: Screen): LiveTable {
  return screen.isTTY ? createRedrawn(screen) : createLines(screen);
}

function createRedrawn(screen: Screen): LiveTable {
  let drawn = "";
  const erase = (): string => {
    const lines = drawn === "" ? 0 : drawn.split("\n").length - 1;
    drawn = "";
    return lines === 0 ? "" : `\x1b[${lines}A\x1b[J`;
  };
  return {
    show(summaries, nowMs) {
      const lines = formatTable(summaries, columns(nowMs), (screen.columns || 80) - 1).split("\n");
      // Lines that scrolled off the screen cannot be redrawn.
      const linesMax = Math.max(2, (screen.rows || 24) - 2);
      const shown = lines.length > linesMax ? [...lines.slice(0, linesMax - 1), "..."] : lines;
      const next = `\n${shown.join("\n")}\n`;
      const erased = erase();
      drawn = next;
      screen.write(`${erased}${next}`);
    },
    say(line) {
      screen.write(`${erase()}${line}\n`);
    },
  };
}

function createLines(screen: Screen): LiveTable {
  let known: ReadonlyMap<string, string> | undefined;
  return {
    show(summaries, nowMs, isSettled) {
      if (known === undefined && !isSettled) return;
      const states = new Map(summaries.map((summary) => [summary.name, stateOf(summary)]));
      if (known === undefined) screen.write(`\n${formatTable(summaries, columns(nowMs))}\n\n`);
      for (const [name, state] of known === undefined ? [] : states) {
        if (known?.get(name) === state) continue;
        screen.write(`${new Date(nowMs).toISOString().slice(11, 19)} ${name}: ${state}\n`);
      }
      known = states;
    },
    say(line) {
      screen.write(`${line}\n`);
    },
  };
}

function columns(nowMs: number): readonly Column<MemberSummary>[] {
  return [
    { title: "NAME", text: ({ name }) => name },
    { title: "MSP", text: ({ mspId }) => mspId, weight: 3 },
    { title: "ENDPOINT", text: ({ endpoint }) => endpoint, weight: 4 },
    { title: "PID", text: ({ pid }) => String(pid ?? "-"), weight: 2 },
    { title: "STATUS", text: statusOf },
    { title: "SEES", text: ({ sees }) => (sees === undefined ? "-" : `${sees} alive`) },
    { title: "SEEN BY", text: seenBy },
    { title: "EXPIRES", text: ({ identityExpires }) => until(identityExpires, nowMs), weight: 1 },
  ];
}

function statusOf({ status, sees }: MemberSummary): string {
  return status === "running" && sees === undefined ? "running, no answer" : status;
}

function seenBy({ seenBy: count, observers }: MemberSummary): string {
  if (observers === 0) return "-";
  return count === observers ? "all" : `${count} of ${observers}`;
}

function stateOf(summary: MemberSummary): string {
  const who = summary.seenBy === 0 ? "nobody" : seenBy(summary);
  return `${statusOf(summary)}, seen alive by ${who}`;
}
