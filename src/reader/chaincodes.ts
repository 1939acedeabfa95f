/** Which chaincodes the organisations of a channel have ready, by the StateInfo of their peers. */
import type { ChannelChaincodes, ChannelHeights } from "./views.ts";

/** Derives chaincodes from the heights of a channel, whose members list them. */
export function describeChaincodes({
  name,
  members,
  organisations,
  trust,
  notes,
}: ChannelHeights): ChannelChaincodes {
  const present = members.filter(({ leftChannel }) => !leftChannel);
  const names = new Set(present.flatMap(({ chaincodes }) => chaincodes.map((one) => one.name)));
  const chaincodes = [...names].sort().map((chaincode) => {
    const found = organisations.map(({ mspId }) => {
      const peers = present.filter((member) => member.mspId === mspId);
      const ready = peers.flatMap(({ chaincodes: all, subject }) =>
        all.filter((one) => one.name === chaincode).map(({ sequence }) => ({ subject, sequence })),
      );
      const has = new Set(ready.map(({ subject }) => subject));
      return {
        mspId,
        sequences: [...new Set(ready.map(({ sequence }) => sequence))].sort(),
        peers: has.size,
        of: peers.length,
        lacking: peers.flatMap(({ subject }) => (has.has(subject) ? [] : [subject])),
      };
    });
    const sequences = new Set(found.flatMap((one) => one.sequences));
    return { name: chaincode, organisations: found, differs: sequences.size > 1 };
  });
  return { name, chaincodes, trust, notes };
}
