/**
 * Ports for the members that tests and benchmarks start, also when several of them run at once. A
 * process claims ports in blocks: each block has a claim port, and is the process's own while the
 * process listens there. The system ends the claim with the process.
 */
import { createServer, type Server } from "node:net";

const HOST = "127.0.0.1";
/** Ports of a block. */
const BLOCK = 50;
const BLOCKS = 245;
/** One for each block. */
const FIRST_CLAIM = 20_000;
/** The end stays below the ports that systems hand out to outgoing connections. */
const FIRST_PORT = FIRST_CLAIM + BLOCKS;

/** Claims last as long as their servers, which must not be collected. */
const claims: Server[] = [];
/** The next port of this process's newest block, and the end of the block. */
let [next, end] = [0, 0];

/** A port that is free, and that nobody else takes before a member listens on it. */
export async function freePort(): Promise<number> {
  for (;;) {
    if (next === end) {
      next = await claimPorts(BLOCK);
      end = next + BLOCK;
    }
    const port = next++;
    if (await isFree(port)) return port;
  }
}

/** The first of consecutive ports of which the same is true. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await claimPorts(count);
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
}

/** Claims consecutive blocks with so many ports; returns their first port. */
async function claimPorts(count: number): Promise<number> {
  const blocks = Math.ceil(count / BLOCK);
  const places = BLOCKS - blocks + 1;
  const start = Math.floor(Math.random() * places);
  for (let i = 0; i < places; i++) {
    const block = (start + i) % places;
    if (await claimBlocks(block, blocks)) return FIRST_PORT + block * BLOCK;
  }
  throw new Error(`no ${count} consecutive ports of ${FIRST_PORT} and above are unclaimed`);
}

async function claimBlocks(first: number, count: number): Promise<boolean> {
  const servers: Server[] = [];
  for (let block = first; block < first + count; block++) {
    const server = await listen(FIRST_CLAIM + block);
    if (server === undefined) {
      for (const claimed of servers) claimed.close();
      return false;
    }
    servers.push(server.unref());
  }
  claims.push(...servers);
  return true;
}

/** Whether a process of an ended claim does not listen there any longer. */
async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** Undefined: the port is taken. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, HOST, () => resolve(server));
  });
}
