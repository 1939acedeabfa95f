/** What tests wait for and look at: who holds whom alive, and what is in the logs. */
import type { TestContext } from "node:test";
import type { Json } from "../../src/observe/json.ts";
import type { Member } from "../../src/observe/views.ts";
import type { Peer } from "./peers.ts";
import type { LogLine } from "./program.ts";
import { until } from "./until.ts";

/** Waits until each of the peers holds each of them alive. */
export async function seeEachOther(timeoutMs: number, ...peers: readonly Peer[]): Promise<void> {
  const endpoints = peers.map(({ endpoint }) => endpoint);
  await Promise.all(
    peers.map((peer) =>
      until({
        what: `${peer.id} sees ${endpoints.join(", ")}`,
        timeoutMs,
        async isSo() {
          const alive = await peer.alive();
          return endpoints.every((endpoint) => alive.includes(endpoint)) || alive.join(", ");
        },
      }),
    ),
  );
}

/** Waits until we see all of the others, and each of them sees us. */
export async function seeAll(timeoutMs: number, own: Peer, others: readonly Peer[]): Promise<void> {
  await Promise.all(others.map((other) => seeEachOther(timeoutMs, own, other)));
}

export function loses(timeoutMs: number, peer: Peer, { id, endpoint }: Peer): Promise<number> {
  return until({
    what: `${peer.id} no longer holds ${id} alive`,
    timeoutMs,
    async isSo() {
      const alive = await peer.alive();
      return !alive.includes(endpoint) || alive.join(", ");
    },
  });
}

export async function report(t: TestContext, what: string, wait: Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  await wait;
  t.diagnostic(`${what} after ${((performance.now() - startMs) / 1_000).toFixed(2)} s`);
}

export function warnings(peer: Peer): readonly LogLine[] {
  return peer.log().filter(({ level }) => level !== "debug" && level !== "info");
}

/** Where Fabric's peers complain of a connection by an address that says nothing. */
export const CONNECTION_LOGGERS = new Set(["gossip.comm", "core.comm", "comm.grpc.server"]);

/** Whether the line names us, or somebody who cannot be told but is none of the others. */
export function isAboutUs({ name, text }: LogLine, members: readonly Json<Member>[]): boolean {
  const names = ({ pkiId, endpoint, internalEndpoint }: Json<Member>): boolean =>
    [pkiId, endpoint, internalEndpoint ?? endpoint].some((word) => text.includes(word));
  const named = members.filter(names);
  if (named.length === 0) return CONNECTION_LOGGERS.has(name);
  return named.some(({ self }) => self);
}
