/** Finds the configuration of a channel at peers of our own organisation. */
import type { ChannelHost } from "../channel/types/host.ts";
import { askTrust } from "../following/find-trust.ts";
import type { Judged, Trust } from "../following/trust.ts";
import { equalBytes } from "../wire/bytes.ts";
import { accept } from "../wire/verdict.ts";
import { inGroups } from "./in-groups.ts";
import type { Told } from "./observe.ts";
import { ReadError } from "./read-error.ts";
import type { Session } from "./session.ts";

/**
 * The newest configuration from the first peer of our organisation that has it. This takes two
 * requests: the newest block, then the configuration block that it names.
 */
export async function findTrust(
  session: Session,
  host: ChannelHost,
  told: readonly Told[],
  notes: string[],
): Promise<Trust> {
  const { mspId } = session.asker.identity;
  const ours = told.filter(({ stream }) => stream.identity.mspId === mspId);
  if (ours.length === 0) {
    const remedy = "name one with --peer, or give a configuration block with --trust";
    const missing = `No peer of ${mspId} has answered: ${remedy}.`;
    throw new ReadError("untrusted", [...session.notes(), missing]);
  }
  const found = await askAll(session, host, ours);
  const reasons: string[] = [];
  let newest: Trust | undefined;
  for (const [i, one] of found.entries()) {
    const where = ours[i]?.stream.target.name ?? "";
    if (!one.ok) {
      reasons.push(`${where}: ${one.reason}.`);
      continue;
    }
    const { blockNumber } = one.value.configuration;
    const known = newest?.configuration.blockNumber;
    if (known === undefined || blockNumber > known) newest = one.value;
    else if (blockNumber === known && newest && !equalBytes(newest.hash, one.value.hash)) {
      notes.push(`${where} has another configuration block ${blockNumber} than ${newest.origin}.`);
    }
  }
  if (newest === undefined) throw new ReadError("untrusted", reasons);
  notes.push(...reasons);
  return newest;
}

/** The first one alone: its block says how many of the others may be asked at once. */
async function askAll(
  session: Session,
  host: ChannelHost,
  [first, ...others]: readonly Told[],
): Promise<readonly Judged<Trust>[]> {
  if (first === undefined) return [];
  const found = await askOne(session, host, first);
  const bytes = found.ok ? found.value.block.bytes.length : 0;
  return [found, ...(await inGroups(others, bytes, (one) => askOne(session, host, one)))];
}

async function askOne(
  { channel, asker }: Session,
  host: ChannelHost,
  { stream, height }: Told,
): Promise<Judged<Trust>> {
  const self = asker.identity;
  const found = await askTrust(stream, host, { channel, height, self, remedy: "give --trust" });
  if (!found.ok) return found;
  const origin = `${found.value.origin} (--trust gives another start)`;
  return accept({ ...found.value, origin });
}
