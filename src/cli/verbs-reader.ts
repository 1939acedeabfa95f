/** The verbs that read a channel: they ask its peers, verify, print, and leave. */
import type { Command } from "commander";
import type { HeightsFlags } from "./heights.ts";
import { withReader } from "./reader-flags.ts";
import { withExamples } from "./words.ts";

const WHO = "--profile connection.json --cert user.pem --key user.key";

export function addReaderVerbs(cli: Command): void {
  addHeights(cli);
}

function addHeights(cli: Command): void {
  const verb = withReader(cli.command("heights"))
    .description("how high the peers of a channel are, of all organisations: 1 one lags")
    .argument("<channel>", "name of the channel")
    .option("--max-behind <n>", "exit with 1 if a peer is more blocks behind")
    .option("--max-lag <duration>", "exit with 1 if a peer lacks a block for longer, like 60s")
    .option("--watch", "again every two seconds")
    .option("--json", "as JSON, for programs")
    .action(async (channel: string, flags: HeightsFlags) => {
      process.exitCode = await (await import("./heights.ts")).heights(channel, flags);
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
