/** The verbs that run something: a member, a network, a simulation. */
import type { Command } from "commander";
import type { DevnetOptions } from "./devnet.ts";
import { letHeapGrow } from "./heap.ts";
import type { PlayOptions } from "./play.ts";
import { listenToSignals, type Signals } from "./signals.ts";
import type { SimulateOptions } from "./simulate.ts";
import type { StartCommandOptions } from "./start.ts";
import { withConfiguration, withExamples } from "./words.ts";

export function addRunVerbs(cli: Command, early: Signals | undefined): void {
  const start = withConfiguration(cli.command("start"))
    .description("run one member in the foreground, configured like a Fabric peer, until SIGTERM")
    .addHelpText(
      "after",
      "\nCORE_ variables override the file: CORE_PEER_GOSSIP_BOOTSTRAP=host:port",
    )
    .action(async (options: StartCommandOptions) => {
      const signals = early ?? listenToSignals({ reloads: true });
      await (await import("./start.ts")).start(options, signals);
    });
  withExamples(
    start,
    ["npx fabric-gossip start --config core.yaml", "with a Fabric peer's configuration"],
    [
      "npx fabric-gossip start --config core.yaml --set peer.gossip.bootstrap=peer0.org1.example.com:7051",
      "and another bootstrap peer",
    ],
  );
  addDevnet(cli);
  addSimulate(cli);
  addPlay(cli);
}

function addDevnet(cli: Command): void {
  const devnet = cli
    .command("devnet")
    .description("run a local network with a dashboard")
    .option("--orgs <n>", "organisations", "2")
    .option("--peers <n>", "peers of each organisation", "3")
    .option("--base-port <port>", "port of the dashboard; members use the ones above it", "9400")
    .option(
      "--dir <folder>",
      "keep keys and state here between runs (default: a new folder, removed)",
    )
    .option("--fast", "divide all protocol timers by 10")
    .option("--channel <name>", "create a channel of this name with blocks for all members")
    .action(async (options: DevnetOptions) => {
      const signals = listenToSignals();
      await (await import("./devnet.ts")).devnet(options, signals);
    });
  withExamples(
    devnet,
    [
      "npx fabric-gossip devnet",
      "two organisations of three peers; dashboard at http://127.0.0.1:9400",
    ],
    [
      "npx fabric-gossip devnet --orgs 1 --peers 5 --dir net --fast",
      "keeps keys in net and speeds up all timers",
    ],
  );
}

function addSimulate(cli: Command): void {
  const simulate = cli
    .command("simulate")
    .description("simulate a network in virtual time from a seed and check its invariants")
    .option("--scenario <name>", "faults to inject (default: mixed, drawn from the seed)")
    .option("--seed <n>", "seed of the run; equal seeds give equal runs (default: 1)")
    .option("--seeds <n>", "run the seeds 1 to n")
    .option("--seed-range <a..b>", "run these seeds")
    .option("--nodes <n>", "members (default: as the scenario says)")
    .option("--orgs <n>", "organisations (default: as the scenario says)")
    .option(
      "--minutes <n>",
      "virtual minutes before all faults end (default: as the scenario says)",
    )
    .option("--channels <n>", "channels, in a scenario that has some (default: as it says)")
    .option("--strategy <name>", "recipients of relayed messages: neighbours or random")
    .option("--cores <n>", "threads, one a seed, or several for a large network (default: all)")
    .option(
      "--find <seed>",
      "find the shortest run with the fewest members and faults that fails like this seed",
    )
    .option("--only-seconds <n>", "end the first phase early, keeping what the seed draws")
    .option("--only-members <list>", "keep only these members of the plan, counted from 0")
    .option("--only-faults <list>", "keep only these faults of the plan, counted from 0")
    .option("--report <file>", "write the run as an HTML page with charts")
    .option("--json", "end with one JSON line, for programs")
    .action(async (options: SimulateOptions) => {
      letHeapGrow();
      process.exitCode = await (await import("./simulate.ts")).runSimulation(options);
    });
  withExamples(
    simulate,
    ["npx fabric-gossip simulate --seed 7", "one network with faults drawn from the seed"],
    ["npx fabric-gossip simulate --seeds 100", "a hundred of them; 1 if anything went wrong"],
    ["npx fabric-gossip simulate --find 7", "if it fails: the smallest part of it that fails too"],
  );
}

function addPlay(cli: Command): void {
  const play = cli
    .command("play")
    .description("serve the playground: the protocol in a browser, in virtual time")
    .option("--port <port>", "port on 127.0.0.1", "9500")
    .option("--output <folder>", "write it as static files for any web server")
    .action(async (options: PlayOptions) => {
      const signals = listenToSignals();
      await (await import("./play.ts")).play(options, signals);
    });
  withExamples(
    play,
    ["npx fabric-gossip play", "at http://127.0.0.1:9500"],
    ["npx fabric-gossip play --output site", "the same as a folder of static files"],
  );
}
