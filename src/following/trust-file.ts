/** Reads the configuration block that a user trusts from a file. */
import type { ChannelHost } from "../channel/types/host.ts";
import { GossipError } from "../lib/errors.ts";
import { readInput } from "../lib/read-input.ts";
import { turnsOf } from "../lib/slices.ts";
import { makeTrust, type Trust } from "./trust.ts";

/** Maximum size; Fabric allows messages of 100 MB. */
const CONFIG_BLOCK_BYTES_MAX = 104_857_600;

/** The configuration block in a file. Throws `config-invalid` with the remedy. */
export async function trustFromFile(
  host: ChannelHost,
  flag: string,
  file: string,
  channel?: string,
): Promise<Trust> {
  const problems: string[] = [];
  const bytes = await readInput(flag, file, problems, CONFIG_BLOCK_BYTES_MAX, "the block");
  const made = bytes && (await turnsOf(makeTrust(host, new Uint8Array(bytes), `from ${file}`)));
  if (made !== undefined && !made.ok) {
    problems.push(
      `${flag} ${file} is no configuration block (${bytes?.length === 0 ? "it is empty" : made.reason}): fetch one with ` +
        "peer channel fetch config, or channel-config --out.",
    );
  }
  if (!made?.ok) throw new GossipError("config-invalid", problems);
  const { configuration } = made.value;
  if (channel !== undefined && configuration.channel !== channel) {
    const which = `${flag} ${file} is of channel ${configuration.channel}, not of ${channel}`;
    throw new GossipError("config-invalid", `${which}: give a block of that channel.`);
  }
  return made.value;
}
