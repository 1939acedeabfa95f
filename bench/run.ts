/**
 * `npm run bench`: all benchmarks at modest sizes. `npm run bench -- NAME`: one of them, which
 * prints a table or, with `--json`, one line of JSON.
 */
import { Command, Option } from "commander";
import { runAll } from "./all.ts";
import { benchBareMessages } from "./bare-messages.ts";
import { benchCluster } from "./cluster.ts";
import { benchCodec } from "./codec.ts";
import { countFiles } from "./files.ts";
import { benchGossipsub } from "./gossipsub.ts";
import { benchMemory } from "./memory.ts";
import { benchMessages } from "./messages.ts";
import { benchPeers } from "./peers.ts";
import { writeReport } from "./report.ts";
import { benchSilence } from "./silence.ts";
import { benchSimulatedMessages } from "./simulated-messages.ts";
import { benchSimulator } from "./simulator.ts";
import { benchSpread } from "./spread.ts";
import { benchStartup } from "./startup.ts";
import { benchTransport } from "./transport.ts";
import { benchVerify } from "./verify.ts";

const program = new Command("bench").description("What it costs, measured on this machine.");

/** To standard error, so that the last line of standard output is the result. */
function progress(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function print(result: object, isJson: boolean | undefined): void {
  if (isJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  else console.dir(result, { depth: null });
}

function strategy(): Option {
  return new Option("--strategy <name>", "to whom messages go")
    .choices(["neighbours", "random"])
    .default("neighbours");
}

/** A benchmark with the common flag. */
function bench(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--json", "one line of JSON at the end");
}

bench("codec", "reading and writing messages")
  .option("--members <n>", "entries of the membership response", "100")
  .option("--rounds <n>", "how often each is measured", "40")
  .action(async ({ members, rounds, json }) =>
    print(await benchCodec(Number(members), Number(rounds)), json),
  );

bench("verify", "our whole way of an alive message beside the bare check of its signature")
  .option("--members <n>", "whose messages they are", "100")
  .option("--rounds <n>", "how often each is measured", "200")
  .action(async ({ members, rounds, json }) =>
    print(await benchVerify(Number(members), Number(rounds)), json),
  );

bench("transport", "messages over mutual TLS beside bare streams of HTTP/2")
  .option("--bytes <n>", "the length of a message", "240")
  .option("--rounds <n>", "how often each is measured", "100")
  .action(async ({ bytes, rounds, json }) =>
    print(await benchTransport(Number(bytes), Number(rounds)), json),
  );

bench("simulator", "virtual time, memory and messages of calm simulated networks")
  .option("--members <n,n>", "how many; several sizes one after the other", "10,50")
  .option("--minutes <n>", "virtual minutes", "2")
  .action(async ({ members, minutes, json }) => {
    const sizes = members.split(",").map(Number);
    print(await benchSimulator(sizes, Number(minutes), progress), json);
  });

bench("memory", "one daemon in a network of so many members")
  .option("--members <n>", "how many, up to 1000", "100")
  .option("--seconds <n>", "how long it is watched", "30")
  .option("--settle <n>", "seconds before that, in which V8 compiles what is hot", "100")
  .option("--singly", "neighbours send each heartbeat alone, as Fabric peers do")
  .action(async ({ members, seconds, settle, singly, json }) => {
    const times = { seconds: Number(seconds), settleSeconds: Number(settle) };
    const options = { members: Number(members), isSingly: singly === true, progress };
    print(await benchMemory({ ...options, ...times }), json);
  });

bench("startup", "from the start of the daemon, as it is installed, to its first line")
  .option("--runs <n>", "how often", "7")
  .action(async ({ runs, json }) => print(await benchStartup(Number(runs)), json));

bench("silence", "how soon a silent death is known, and whether anybody is wrongly called dead")
  .option("--members <n>", "in each simulated network", "10")
  .option("--deaths <n>", "how often somebody falls silent", "100")
  .option("--hours <n>", "hours without a death, added up over the members", "100")
  .option("--together <n>", "how many fall silent at the same time", "1")
  .option("--settle <n>", "seconds before that", "60")
  .option("--loss <share>", "of the packets, 0 to 1", "0")
  .option("--seed <n>", "of the first network", "1")
  .action(async ({ members, deaths, together, settle, hours, loss, seed, json }) => {
    const sizes = { members: Number(members), deaths: Number(deaths), memberHours: Number(hours) };
    const times = { together: Number(together), settleSeconds: Number(settle) };
    const rest = { ...times, loss: Number(loss), seed: Number(seed), progress };
    print(await benchSilence({ ...sizes, ...rest }), json);
  });

bench("cluster", "members in one process over real sockets")
  .option("--members <n>", "how many", "50")
  .option("--seconds <n>", "how long the steady state is watched", "30")
  .option("--settle <n>", "seconds before that", "45")
  .addOption(strategy())
  .option("--profile", "tells where the processor time of the steady state goes")
  .action(async ({ members, seconds, settle, strategy, profile, json }) => {
    const times = { seconds: Number(seconds), settleSeconds: Number(settle) };
    const options = { members: Number(members), strategy, profile: profile === true, progress };
    print(await benchCluster({ ...options, ...times }), json);
  });

bench("peers", "members of other gossip systems in the same run, as far as they are installed")
  .option("--members <n>", "how many of each", "20")
  .option("--seconds <n>", "how long the steady state is watched", "20")
  .option("--settle <n>", "seconds before that", "30")
  .action(async ({ members, seconds, settle, json }) => {
    const times = { seconds: Number(seconds), settleSeconds: Number(settle) };
    print(await benchPeers({ members: Number(members), ...times, progress }), json);
  });

bench("messages", "events and queries among members, beside a libp2p topic if it is installed")
  .option("--members <n>", "how many", "20")
  .option("--events <n>", "how many are sent", "200")
  .option("--rate <n>", "events a second", "20")
  .option("--queries <n>", "how many are asked", "20")
  .option("--settle <n>", "seconds before that", "10")
  .action(async ({ members, events, rate, queries, settle, json }) => {
    const result = await benchMessages({
      members: Number(members),
      events: Number(events),
      eventsPerSecond: Number(rate),
      queries: Number(queries),
      settleSeconds: Number(settle),
      progress,
    });
    print(result, json);
    process.exit(0); // Leftovers of the members must not delay the result.
  });

bench("simulated-messages", "events and queries among members in virtual time")
  .option("--members <n>", "how many; without --bare, 1000 take ten minutes and 9 GB", "300")
  .option("--events <n>", "how many are sent", "40")
  .option("--rate <n>", "events a second", "2")
  .option("--queries <n>", "how many are asked", "5")
  .option("--settle <n>", "virtual seconds before that", "30")
  .option("--bare", "events alone, without membership and connections, which takes seconds")
  .option("--loss <share>", "of the packets, 0 to 1", "0")
  .option("--seed <n>", "of the network", "1")
  .action(async ({ members, events, rate, queries, settle, bare, loss, seed, json }) => {
    const sizes = { members: Number(members), events: Number(events), queries: Number(queries) };
    const times = { eventsPerSecond: Number(rate), settleSeconds: Number(settle) };
    const options = { ...sizes, ...times, loss: Number(loss), seed: Number(seed) };
    if (bare) print(benchBareMessages(options), json);
    else print(await benchSimulatedMessages({ ...options, progress }), json);
  });

bench("gossipsub", "members of a libp2p topic in one process, for `peers`")
  .option("--members <n>", "how many", "20")
  .option("--seconds <n>", "how long the steady state is watched", "20")
  .option("--settle <n>", "seconds before that", "30")
  .action(async ({ members, seconds, settle, json }) => {
    print(await benchGossipsub(Number(members), Number(seconds), Number(settle)), json);
    process.exit(0); // Leftovers of the members must not delay the result.
  });

bench("spread", "how heartbeats spread over the links of so many members")
  .option("--members <n>", "how many", "1000")
  .addOption(strategy())
  .action(({ members, strategy, json }) => print(benchSpread(Number(members), strategy), json));

bench("files", "how many source files a message touches, from the socket to the neighbours")
  .option("--names", "which files")
  .action(async ({ names, json }) => {
    const counted = await countFiles();
    const results = counted.map(({ files, ...counts }) => (names ? { ...counts, files } : counts));
    print(results, json);
  });

program
  .command("all", { isDefault: true })
  .description("all of them, each in a process of its own; then the report")
  .option("--full", "at the sizes of docs/performance.md, which takes an hour")
  .option("--only <name,name>", "some of them")
  .option("--out <folder>", "where the results go", "bench/results")
  .action(async ({ full, only, out }) => {
    await runAll({ isFull: full === true, only: only?.split(","), folder: out, progress });
    await writeReport(out, undefined);
  });

program
  .command("report")
  .description("a table and pictures of the results there are")
  .option("--out <folder>", "where the results are", "bench/results")
  .option("--docs", "puts them into docs/performance.md and docs/images")
  .action(async ({ out, docs }) => writeReport(out, docs ? "docs" : undefined));

await program.parseAsync();
