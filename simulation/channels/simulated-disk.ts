/** A member's stored blocks, which survive its process. */
import type { KeptBlocks } from "../../src/following/store/kept-blocks.ts";
import type { Clock } from "../../src/transport/network.ts";

type Block = Parameters<KeptBlocks["append"]>[0][number];

/** Duration of a write; a process that ends earlier has written nothing. */
const WRITE_MS = 5;

export class SimulatedDisk {
  readonly blocks: Block[] = [];
  configuration: Uint8Array | undefined;

  get height(): bigint | undefined {
    const last = this.blocks.at(-1);
    return last && last.number + 1n;
  }

  /** As one process sees it. */
  open(clock: Clock, keepBlocks: number): KeptBlocks {
    const disk = this;
    const readNoted: KeptBlocks["readNoted"] = async (from, to, bytesMax) => {
      let bytes = 0;
      const wanted = disk.blocks.filter(({ number }) => number >= from && number <= to);
      return wanted
        .filter((block, i) => {
          bytes += block.bytes.length;
          return i === 0 || bytes <= bytesMax;
        })
        .map(({ bytes: raw, note = "" }) => ({ bytes: raw, note }));
    };
    return {
      folder: "the simulated disk",
      note: undefined,
      get height() {
        return disk.height;
      },
      get first() {
        return disk.blocks[0]?.number;
      },
      append: (blocks, configuration) =>
        new Promise((resolve) => {
          clock.after(WRITE_MS, () => {
            disk.blocks.push(...blocks);
            if (keepBlocks > 0) disk.blocks.splice(0, disk.blocks.length - keepBlocks);
            disk.configuration = configuration ?? disk.configuration;
            resolve();
          });
        }),
      readNoted,
      read: async (from, to, bytesMax) =>
        (await readNoted(from, to, bytesMax)).map(({ bytes }) => bytes),
      findTransaction: async (txId) => {
        const found = disk.blocks.find(({ txIds }) => txIds.includes(txId));
        return found && { number: found.number, index: found.txIds.indexOf(txId) };
      },
      configuration: async () => disk.configuration,
      close: async () => {},
    };
  }
}
