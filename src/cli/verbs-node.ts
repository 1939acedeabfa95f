/** The verbs that ask a running node. */
import type { Command } from "commander";
import type { EventsOptions } from "./events.ts";
import type { ShowOptions } from "./show.ts";
import { exitWhenStopped, listenToSignals } from "./signals.ts";
import type { TargetOptions } from "./target.ts";
import type { WhyOptions } from "./why.ts";
import { append, withExamples, withTarget } from "./words.ts";

export function addNodeVerbs(cli: Command): void {
  shower(
    cli,
    "members",
    "list the members that the node knows, alive and dead",
    (show) => show.showMembers,
  ).option("--tag <name=value>", "only members with this tag; may be repeated", append);
  shower(
    cli,
    "identities",
    "list the certificates that the node knows",
    (show) => show.showIdentities,
  );
  shower(cli, "connections", "list the node's gossip connections", (show) => show.showConnections);
  shower(
    cli,
    "services",
    "list what members offer by their tag role, with its health",
    (show) => show.showServices,
  );
  shower(cli, "channels", "list the channels that the node follows", (show) => show.showChannels);
  addEvents(cli);
  addWhy(cli);
  addLogSpec(cli);
}

function shower(
  cli: Command,
  verb: string,
  description: string,
  which: (show: typeof import("./show.ts")) => (options: ShowOptions) => Promise<void>,
): Command {
  const command = withTarget(cli.command(verb).description(description))
    .option("--json", "as JSON, for programs")
    .option("--watch", "repeat every second until interrupted")
    .action(async (options: ShowOptions) => {
      if (options.watch) exitWhenStopped();
      await which(await import("./show.ts"))(options);
    });
  withExamples(
    command,
    [`fabric-gossip ${verb} --watch`, "the node on this machine, refreshed every second"],
    [
      `fabric-gossip ${verb} --url https://peer0.org1.example.com:9443 --ca ca.crt --cert me.crt --key me.key`,
      "a node whose operations endpoint uses TLS",
    ],
  );
  return command;
}

function addEvents(cli: Command): void {
  const verb = withTarget(cli.command("events"))
    .description("follow the node's events, one line per event, until interrupted")
    .option("--json", "as JSON lines, for programs")
    .action(async (options: EventsOptions) => {
      const signals = listenToSignals();
      await (await import("./events.ts")).showEvents(options, signals);
      process.exit(0);
    });
  withExamples(
    verb,
    ["npx fabric-gossip events", "live events; reconnects by itself and reports missed events"],
    ["npx fabric-gossip events --json | jq 'select(.type == \"member-dead\")'", "deaths only"],
  );
}

function addWhy(cli: Command): void {
  const verb = withTarget(cli.command("why"))
    .description("explain why the node sees a peer or not; exit code 1 if it does not")
    .argument("<peer>", "endpoint, PKI-ID prefix or name")
    .option("--channel <name>", "as a member of this channel; asks service discovery, too")
    .option("--json", "as JSON, for programs")
    .action(async (peer: string, options: WhyOptions) => {
      process.exitCode = await (await import("./why.ts")).why(peer, options);
    });
  withExamples(
    verb,
    ["npx fabric-gossip why peer1.org1.example.com:7051", "by endpoint"],
    ["npx fabric-gossip why 62bcd144", "by PKI-ID prefix"],
    ["npx fabric-gossip why peer1.org1", "by the name in its certificate, or a prefix of it"],
  );
}

function addLogSpec(cli: Command): void {
  const verb = cli
    .command("logspec")
    .description("read or change the log levels of a running node");
  const get = withTarget(verb.command("get").description("print them"))
    .option("--json", "as JSON, for programs")
    .action(async (options: TargetOptions) => (await import("./logspec.ts")).getLogSpec(options));
  withExamples(get, ["npx fabric-gossip logspec get", "for example info"]);
  const set = withTarget(
    verb.command("set").description("change the log levels until the node restarts"),
  )
    .argument("<spec>", "in Fabric's notation")
    .action(async (spec: string, options: TargetOptions) =>
      (await import("./logspec.ts")).setLogSpec(spec, options),
    );
  withExamples(set, [
    "npx fabric-gossip logspec set info:gossip.discovery=debug",
    "more detail about members only",
  ]);
}
