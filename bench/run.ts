/** `npm run bench -- NAME`: runs one benchmark, prints a table, and with `--json` one line of JSON. */
import { Command, Option } from "commander";
import { benchCluster } from "./cluster.ts";
import { benchSpread } from "./spread.ts";

const program = new Command("bench").description("What it costs, measured on this machine.");

/** To standard error, so that the last line of standard output is the result. */
function progress(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function print(result: object, isJson: boolean | undefined): void {
  if (isJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  else console.table(result);
}

program
  .command("cluster")
  .description("members in one process over real sockets")
  .option("--members <n>", "how many", "50")
  .option("--seconds <n>", "how long the steady state is watched", "30")
  .addOption(
    new Option("--strategy <name>", "to whom messages go")
      .choices(["neighbours", "random"])
      .default("neighbours"),
  )
  .option("--json", "one line of JSON at the end")
  .action(async ({ members, seconds, strategy, json }) => {
    const options = { members: Number(members), seconds: Number(seconds), strategy, progress };
    print(await benchCluster(options), json);
  });

program
  .command("spread")
  .description("how heartbeats spread over the links of so many members")
  .option("--members <n>", "how many", "1000")
  .addOption(
    new Option("--strategy <name>", "to whom messages go")
      .choices(["neighbours", "random"])
      .default("neighbours"),
  )
  .option("--json", "one line of JSON at the end")
  .action(({ members, strategy, json }) => print(benchSpread(Number(members), strategy), json));

await program.parseAsync();
