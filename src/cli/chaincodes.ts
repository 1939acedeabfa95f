/** `fabric-gossip chaincodes`: which chaincodes the peers of a channel have ready. */
import type { ChannelChaincodes } from "../reader/views.ts";
import { type ReaderFlags, useReader, watch } from "./reader-flags.ts";
import { type Column, formatTable } from "./table.ts";
import { painter, widthOf } from "./terminal.ts";

export interface ChaincodesFlags extends ReaderFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** Prints the table; exit code 1 if peers have different definitions of one chaincode. */
export async function chaincodes(channel: string, flags: ChaincodesFlags): Promise<void> {
  await useReader(channel, flags, [], (reader) =>
    watch(flags, async () => {
      const found = await reader.chaincodes();
      const isNo = found.chaincodes.some((one) => one.differs);
      return { value: found, isNo, text: () => describe(found), notes: found.notes };
    }),
  );
}

interface Row {
  readonly chaincode: string;
  readonly mspId: string;
  readonly sequences: readonly string[];
  readonly peers: string;
  readonly lacking: readonly string[];
  readonly differs: boolean;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "CHAINCODE", text: ({ chaincode }) => chaincode },
  { title: "MSP", text: ({ mspId }) => mspId },
  {
    title: "SEQUENCE",
    text: ({ sequences }) => sequences.join(", ") || "-",
    colour: ({ differs }) => (differs ? "red" : undefined),
  },
  { title: "PEERS", text: ({ peers }) => peers },
  { title: "LACKING", text: ({ lacking }) => lacking.map(shortName).join(" ") || "-", weight: 1 },
];

function describe({ name, chaincodes: all }: ChannelChaincodes): string {
  const rows = all.flatMap(({ name: chaincode, organisations, differs }) =>
    organisations.map(({ mspId, sequences, peers, of, lacking }) => {
      return { chaincode, mspId, sequences, peers: `${peers} of ${of}`, lacking, differs };
    }),
  );
  if (rows.length === 0) return `No peer of channel ${name} has a chaincode ready.`;
  return formatTable(rows, COLUMNS, widthOf(process.stdout), painter(process.stdout));
}

function shortName(subject: string): string {
  return /(?:^|,)CN=([^,]+)/.exec(subject)?.[1] ?? subject;
}
