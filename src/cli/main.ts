#!/usr/bin/env node
/** The command line: words to calls. It decides nothing, and loads only what the verb needs. */
import { Command, CommanderError } from "commander";
import { GossipError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { DEFAULT_URL, UnreachableError } from "./client.ts";
import type { GenerateOptions, RenewOptions } from "./crypto.ts";
import type { DevnetOptions } from "./devnet.ts";
import type { ProbeOptions } from "./probe.ts";
import type { ShowOptions } from "./show.ts";
import { listenToSignals } from "./signals.ts";
import type { StartOptions } from "./start.ts";

/** 0 success, 1 the answer is no, 2 wrong use or configuration, 3 cannot reach the node. */
const EXIT = { wrongUse: 2, unreachable: 3 } as const;

function program(): Command {
  const cli = new Command("fabric-gossip")
    .description("The gossip layer of Hyperledger Fabric: one member, or a network of them.")
    .exitOverride()
    .showHelpAfterError("(--help lists the verbs and options)");
  cli
    .command("start")
    .description("run one member in the foreground, configured as a Fabric peer, until SIGTERM")
    .option("--config <file>", "core.yaml of the member (default: $FABRIC_CFG_PATH/core.yaml)")
    .option("--set <key=value>", "any configuration key; may be repeated", append)
    .addHelpText(
      "after",
      "\nCORE_ variables override the file: CORE_PEER_GOSSIP_BOOTSTRAP=host:port",
    )
    .action(async (options: StartOptions) => {
      const signals = listenToSignals();
      await (await import("./start.ts")).start(options, signals);
    });
  cli
    .command("devnet")
    .description("run a network of this machine's own, with a dashboard")
    .option("--orgs <n>", "organisations", "2")
    .option("--peers <n>", "peers of each organisation", "3")
    .option("--base-port <port>", "port of the dashboard; members use the ones above it", "9400")
    .option(
      "--dir <folder>",
      "keep keys and state here between runs (default: a new folder, removed)",
    )
    .option("--fast", "divide all protocol timers by 10")
    .action(async (options: DevnetOptions) => {
      const signals = listenToSignals();
      await (await import("./devnet.ts")).devnet(options, signals);
    });
  shower(cli, "members", "whom the node knows, alive and dead", (show) => show.showMembers);
  shower(cli, "identities", "the certificates the node knows", (show) => show.showIdentities);
  shower(cli, "connections", "the node's gossip connections", (show) => show.showConnections);
  addProbe(cli);
  addCrypto(cli);
  cli
    .command("version")
    .description("print the version")
    .option("--json", "as JSON")
    .action(({ json }: { json?: boolean }) => {
      const text = json ? JSON.stringify({ Version: VERSION, CommitSHA: "unknown" }) : VERSION;
      process.stdout.write(`${text}\n`);
    });
  return cli;
}

function addCrypto(cli: Command): void {
  const crypto = cli
    .command("crypto")
    .description("key material in the layout of Fabric's cryptogen");
  crypto
    .command("generate")
    .description("make organisations with CA, TLS CA, peers, an admin and users")
    .option("--output <folder>", "where to; nothing there is overwritten", "crypto-config")
    .option("--org <domain>", "organisation; may be repeated (default: org1.example.com)", append)
    .option("--peers <n>", "peers of each organisation", "2")
    .option("--users <n>", "users of each organisation besides Admin", "1")
    .option("--san <name>", "name or address in TLS certificates; may be repeated", append)
    .action(async (options: GenerateOptions) =>
      (await import("./crypto.ts")).generateCrypto(options),
    );
  crypto
    .command("renew")
    .description("give one peer a new key and certificate; a running member takes them by itself")
    .argument("<peer>", "peer0, or peer0.org1.example.com")
    .requiredOption("--org <folder>", "the organisation's folder, as generate printed it")
    .option("--tls", "its TLS certificate as well")
    .option("--days <n>", "valid for so many days (default: 10 years)")
    .action(async (peer: string, options: RenewOptions) =>
      (await import("./crypto.ts")).renewCrypto(peer, options),
    );
  crypto
    .command("revoke")
    .description("put a certificate on its organisation's revocation list")
    .argument("<certificate>", "PEM file, for example .../peers/peer1.../msp/signcerts/...pem")
    .requiredOption("--org <folder>", "the organisation's folder, as generate printed it")
    .action(async (certificate: string, options: { org: string }) =>
      (await import("./crypto.ts")).revokeCrypto(certificate, options),
    );
}

function addProbe(cli: Command): void {
  cli
    .command("probe")
    .description("who is at this endpoint? Dials, shakes hands, prints; joins nothing")
    .argument("<endpoint>", "host:port")
    .option("--config <file>", "core.yaml with the identity to show")
    .option("--set <key=value>", "any configuration key; may be repeated", append)
    .option("--json", "as JSON, for programs")
    .action(async (endpoint: string, options: ProbeOptions) => {
      process.exitCode = await (await import("./probe.ts")).probe(endpoint, options);
    });
}

function shower(
  cli: Command,
  verb: string,
  description: string,
  which: (show: typeof import("./show.ts")) => (options: ShowOptions) => Promise<void>,
): void {
  cli
    .command(verb)
    .description(description)
    .option("--url <url>", "operations address of the node", DEFAULT_URL)
    .option("--json", "as JSON, for programs")
    .option("--watch", "again every second")
    .action(async (options: ShowOptions) => which(await import("./show.ts"))(options));
}

function append(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function main(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Prints what is wrong and returns the exit code. What nobody foresaw keeps its stack. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUse;
  if (error instanceof UnreachableError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.unreachable;
  }
  if (error instanceof GossipError) {
    const lines = error.problems.map((problem) => `error: ${problem}`);
    process.stderr.write(`${lines.join("\n")}\n`);
    return EXIT.wrongUse;
  }
  throw error;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `fabric-gossip members | head` has what it wanted; a full disk has not.
  process.exit(error.code === "EPIPE" ? 0 : 1);
});
process.stderr.on("error", () => {}); // Nobody reads the log any more: no reason to stop gossiping.
await main();
