/** `fabric-gossip play`: serves the playground, or writes it into a folder. */
import { GossipError } from "../lib/errors.ts";
import { writeFiles } from "../play/files.ts";
import { servePlayground } from "../play/serve.ts";
import { aborted, type Signals } from "./signals.ts";

export interface PlayOptions {
  readonly port: string;
  readonly output?: string;
}

export async function play({ port, output }: PlayOptions, signals: Signals): Promise<void> {
  const problems: string[] = [];
  const number = parsePort(port, problems);
  if (output === "") problems.push("--output is empty: name a folder of your own.");
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  if (output !== undefined) {
    const bytes = await writeFiles(output);
    const size = `${Math.round(bytes / 1_000)} kB`;
    print(`wrote the playground to ${output} (${size}): serve it with any web server`);
    return;
  }
  const server = await servePlayground(number);
  print(`playground: ${server.url} (Ctrl-C stops it)`);
  await aborted(signals.stop);
  await server.close();
}

function parsePort(text: string, problems: string[]): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535))
    problems.push(`--port ${text} is no port: write a number from 0 to 65535.`);
  return port;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
