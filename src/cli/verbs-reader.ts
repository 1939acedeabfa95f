/** The verbs that read a channel: they ask its peers, verify, print, and leave. */
import type { Command } from "commander";
import type { BlocksFlags } from "./blocks.ts";
import type { ChaincodesFlags } from "./chaincodes.ts";
import type { ChannelConfigFlags } from "./channel-config.ts";
import type { HeightsFlags } from "./heights.ts";
import { withReader } from "./reader-flags.ts";
import { exitWhenStopped, listenToSignals } from "./signals.ts";
import { withExamples } from "./words.ts";

const WHO = "--profile connection.json --cert user.pem --key user.key";

export function addReaderVerbs(cli: Command): void {
  addHeights(cli);
  addChaincodes(cli);
  addBlocks(cli);
  addChannelConfig(cli);
}

function addHeights(cli: Command): void {
  const verb = withReader(cli.command("heights"))
    .description("heights of the peers of all organisations of a channel; exit code 1 if one lags")
    .argument("<channel>", "name of the channel")
    .option("--max-behind <n>", "exit with 1 if a peer is more blocks behind")
    .option("--max-lag <duration>", "exit with 1 if a peer lacks a block for longer, like 60s")
    .option("--watch", "repeat every two seconds until interrupted")
    .option("--json", "as JSON, for programs")
    .action(async (channel: string, flags: HeightsFlags) => {
      if (flags.watch) exitWhenStopped();
      await (await import("./heights.ts")).heights(channel, flags);
    });
  withExamples(
    verb,
    [`npx fabric-gossip heights mychannel ${WHO}`, "all peers of the profile are asked"],
    [
      "npx fabric-gossip heights mychannel --peer peer0.org1.example.com:7051 --tls-ca ca.crt " +
        "--msp-id Org1MSP --cert user.pem --key user.key --max-behind 10 --max-lag 60s",
      "one peer is enough to see all organisations; for cron: 1 if somebody lags",
    ],
  );
}

function addChaincodes(cli: Command): void {
  const verb = withReader(cli.command("chaincodes"))
    .description("chaincodes ready on each organisation's peers; exit code 1 if they differ")
    .argument("<channel>", "name of the channel")
    .option("--watch", "repeat every two seconds until interrupted")
    .option("--json", "as JSON, for programs")
    .action(async (channel: string, flags: ChaincodesFlags) => {
      if (flags.watch) exitWhenStopped();
      await (await import("./chaincodes.ts")).chaincodes(channel, flags);
    });
  withExamples(verb, [
    `npx fabric-gossip chaincodes mychannel ${WHO}`,
    "each chaincode with its sequence, and which peers lack it",
  ]);
}

function addBlocks(cli: Command): void {
  const verb = withReader(cli.command("blocks"))
    .description("read and verify blocks of a channel; exit code 1 if one does not verify")
    .argument("<channel>", "name of the channel")
    .option("--from <n>", "first block (default: the last ten)")
    .option("--to <n>", "last block (default: the newest)")
    .option("--follow", "continue with new blocks until interrupted")
    .option("--out <folder>", "write each block to a file, as peer channel fetch does")
    .option("--json", "one JSON line per block, for programs")
    .action(async (channel: string, flags: BlocksFlags) => {
      // Without --follow, whoever is interrupted has not done what was asked.
      const stop = flags.follow ? listenToSignals().stop : undefined;
      process.exitCode = await (await import("./blocks.ts")).blocks(channel, flags, stop);
    });
  withExamples(
    verb,
    [`npx fabric-gossip blocks mychannel --from 0 ${WHO}`, "the whole chain, verified"],
    [`npx fabric-gossip blocks mychannel --follow ${WHO}`, "new blocks as they are committed"],
  );
}

function addChannelConfig(cli: Command): void {
  const verb = withReader(cli.command("channel-config"))
    .description("configuration of a channel with its problems; exit code 1 if there are any")
    .argument("[channel]", "name of the channel; none with --block")
    .option("--block <file>", "read the configuration block from a file instead of from peers")
    .option("--diff <file>", "show changes since this configuration block")
    .option("--out <file>", "write the configuration block to a file")
    .option("--json", "as JSON, for programs")
    .action(async (channel: string | undefined, flags: ChannelConfigFlags) => {
      process.exitCode = await (await import("./channel-config.ts")).channelConfig(channel, flags);
    });
  withExamples(
    verb,
    [`npx fabric-gossip channel-config mychannel ${WHO}`, "organisations, policies, orderers"],
    ["npx fabric-gossip channel-config --block new.block --diff old.block", "what has changed"],
  );
}
