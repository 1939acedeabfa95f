/** `fabric-gossip heights`: how high the peers of a channel are, and since when. */
import type { ChannelMember } from "../following/views.ts";
import type { ChannelHeights } from "../reader/views.ts";
import { parseNumber, parseSpan, type ReaderFlags, useReader, watch } from "./reader-flags.ts";
import { ago, type Column, formatTable } from "./table.ts";
import { painter, widthOf } from "./terminal.ts";

export interface HeightsFlags extends ReaderFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly maxBehind?: string;
  readonly maxLag?: string;
}

/** Up to a year. */
const LAG_RANGE = { min: 0, max: 31_536_000_000 };

/** Prints the table; exit code 1 if a peer is further behind than allowed. */
export async function heights(channel: string, flags: HeightsFlags): Promise<void> {
  const problems: string[] = [];
  const limits = {
    behindMax: parseNumber("--max-behind", flags.maxBehind, problems),
    lagMaxMs: parseSpan("--max-lag", flags.maxLag, problems, LAG_RANGE),
  };
  await useReader(channel, flags, problems, (reader) =>
    watch(flags, async () => {
      const found = await reader.heights(limits);
      const isNo = found.members.some(({ lagging }) => lagging);
      return { value: found, isNo, text: () => describe(found), notes: found.notes };
    }),
  );
}

function describe(found: ChannelHeights): string {
  const { name, height, configSequence, trust } = found;
  const head = `channel ${name}, height ${height}, configuration ${configSequence ?? "unknown"}: ${trust}`;
  const columns = heightColumns(Date.now());
  const table = formatTable(
    found.members,
    columns,
    widthOf(process.stdout),
    painter(process.stdout),
  );
  return `${head}\n\n${found.members.length === 0 ? "No peer has published anything." : table}`;
}

function heightColumns(nowMs: number): readonly Column<ChannelMember>[] {
  return [
    { title: "PEER", text: nameOf },
    { title: "MSP", text: ({ mspId }) => mspId },
    { title: "HEIGHT", text: ({ height }) => String(height) },
    {
      title: "BEHIND",
      text: ({ behind, leftChannel }) => (leftChannel ? "left" : String(behind)),
      colour: ({ lagging, behind }) => (lagging ? "red" : behind === 0n ? "green" : undefined),
    },
    {
      title: "COMMITTED",
      text: ({ committedAt }) => ago(committedAt.toISOString(), nowMs),
      weight: 3,
    },
    { title: "RESTARTED", text: ({ loadedAt }) => ago(loadedAt.toISOString(), nowMs), weight: 2 },
    {
      title: "CHAINCODES",
      text: ({ chaincodes }) =>
        chaincodes.map(({ name, sequence }) => `${name}:${sequence}`).join(" ") || "-",
      weight: 1,
    },
  ];
}

/** Its common name, with the endpoint at which it answered. */
function nameOf({ subject, endpoint, pkiId }: ChannelMember): string {
  const [, name = pkiId.slice(0, 16)] = /(?:^|,)CN=([^,]+)/.exec(subject) ?? [];
  return endpoint === null ? name : `${name} (${endpoint})`;
}
