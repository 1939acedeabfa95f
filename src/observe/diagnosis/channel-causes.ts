/**
 * What can be wrong with a channel, by code: how bad it is and what can be done about it. What is wrong
 * is said by its detail, a sentence without its end.
 */
import type { ChannelProblemCode } from "../../following/views.ts";

interface ChannelCause {
  readonly severity: "error" | "warning";
  readonly remedy: string;
}

export const CHANNEL_CAUSES: Readonly<Record<ChannelProblemCode, ChannelCause>> = {
  "config-unknown": {
    severity: "error",
    remedy:
      "Name a configuration block of the channel as its configBlock in fabricGossip.channels, or check that a peer of our organisation has joined the channel and is alive in our view.",
  },
  "config-differs": {
    severity: "error",
    remedy:
      "Compare the block at both with peer channel fetch: one of them is not of this chain. Name the right one as configBlock in fabricGossip.channels.",
  },
  "config-inconsistent": {
    severity: "warning",
    remedy:
      "Correct it with a configuration update; fabric-gossip channel-config shows the configuration.",
  },
  "certificate-ending": {
    severity: "warning",
    remedy:
      "Add its successor with a configuration update before it ends, then renew the certificates that rest on it.",
  },
  "certificate-expired": {
    severity: "error",
    remedy:
      "Replace it with a configuration update; what rests on it is refused until then, by orderers and peers alike.",
  },
  "config-unusable": {
    severity: "error",
    remedy:
      "If it needs a capability of a later Fabric, update fabric-gossip; until it is restarted it follows this channel no further.",
  },
  "certificate-refused": {
    severity: "error",
    remedy:
      "If the channel was made anew under its old name, stop this member, remove what it keeps of the channel under fabricGossip.stateDir, if anything, and start it again. Otherwise start it with a certificate that the channel accepts: not revoked there, and of a CA that the channel names for our organisation.",
  },
  "capability-stops-member": {
    severity: "error",
    remedy:
      "Update that peer: Fabric's peers end with a panic at a capability that they do not know, and again after each restart.",
  },
  "crl-pending": {
    severity: "warning",
    remedy:
      "Look at why it is behind: it accepts the revoked certificates until it has committed that block. Close the gap with a firewall if that takes long.",
  },
  "channel-still": {
    severity: "error",
    remedy:
      "Look at the orderers, and at whether clients and peers reach them. If the channel may be quiet for so long, raise still under lag in fabricGossip.channels.",
  },
  "blocks-unkept": {
    severity: "error",
    remedy:
      "Make room in fabricGossip.stateDir, let it be written, or give each member one of its own; if it could not be opened at the start, or another process used it, restart then. Until then no new block is told; 16 MiB of them wait in memory.",
  },
  "first-blocks-missing": {
    severity: "error",
    remedy:
      "Stop this member, remove what it keeps of the channel under fabricGossip.stateDir, if anything, name the genesis block as configBlock in fabricGossip.channels, and start it again; without configBlock, a peer of our organisation must have all blocks: one that joined by a snapshot lacks them.",
  },
  "height-unproven": {
    severity: "error",
    remedy:
      "If fork or block-rejected is told as well, do what it says. If nobody answers us, look at their load, then at the newest configuration block with fabric-gossip channel-config --block: Readers, and the revocation lists of our organisation; an administrator replaces a list without authority key identifier with a configuration update.",
  },
  "block-rejected": {
    severity: "warning",
    remedy:
      "Compare the block at that peer and at others with fabric-gossip blocks and a --peer for each. If only that peer differs, its ledger is damaged or it lies: its organisation can stop it, go back to a block before with peer node rollback, and start it again.",
  },
  fork: {
    severity: "error",
    remedy:
      "If the channel was made anew under its old name, stop this member, remove what it keeps of the channel under fabricGossip.stateDir, if anything, and start it again. Otherwise orderers have signed two histories: stop writing to the channel, and compare the block at peers of every organisation with fabric-gossip blocks. We stay on the branch that we verified first; if that is the wrong one, stop, remove and start in the same way.",
  },
  "results-differ": {
    severity: "error",
    remedy:
      "Find out which of the two differs from the others with fabric-gossip blocks and a --peer of each organisation, and rebuild its databases: peer node rebuild-dbs. Look for chaincode that is not deterministic.",
  },
};

const NO_FIRST_BLOCKS = "and whoever publishes a height is asked for any block below it";

/** What keeps a member with `role: listed` from being listed, without the end of its sentence. */
export const FIRST_BLOCKS_MISSING = `this member is not listed: its kept blocks do not begin with block 0, ${NO_FIRST_BLOCKS}`;
export const FIRST_BLOCK_NOT_GIVEN = `this member is not listed: no member of our organisation gives block 0, ${NO_FIRST_BLOCKS}`;
