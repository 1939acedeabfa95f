/**
 * Trust that changes while a program runs: it keeps a session for each member that is alive, and
 * ends it when the member dies or its certificate is trusted no more. SIGHUP reads MSP folders and
 * revocation lists again.
 * Usage: node examples/revocation.ts core.yaml
 */
import { GossipError, type GossipEvent, GossipNode, loadConfig } from "../src/index.ts";

/** What this program has opened for a member: a connection, a lease, a cache entry. */
const sessions = new Map<string, string>();

function open(pkiId: string, endpoint: string): void {
  if (sessions.has(pkiId)) return;
  sessions.set(pkiId, endpoint);
  console.log(`open ${endpoint}`);
}

function close(pkiId: string, why: string): void {
  const endpoint = sessions.get(pkiId);
  if (endpoint === undefined) return;
  sessions.delete(pkiId);
  console.log(`close ${endpoint}: ${why}`);
}

function react(event: GossipEvent): void {
  switch (event.type) {
    case "member-joined":
    case "member-returned":
      open(event.member.pkiId, event.member.endpoint);
      break;
    case "member-dead":
    case "member-forgotten":
      close(event.member.pkiId, event.reason);
      break;
    case "identity-purged": // expired, revoked, invalid, unused or replaced
      close(event.identity.pkiId, event.reason);
      break;
    case "identity-expiring":
      console.log(`${event.identity.subject} ends ${event.identity.notAfter}`);
      break;
  }
}

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

try {
  const node = await GossipNode.start(await loadConfig(process.argv[2] ?? "core.yaml"));
  try {
    process.on("SIGHUP", () => {
      // A mistake in the files changes nothing: what was trusted before is trusted still.
      node.reload().then(
        () => console.log("read again"),
        (error: unknown) => console.error(String(error)),
      );
    });
    for (const { self, status, pkiId, endpoint } of node.members()) {
      if (!self && status === "alive") open(pkiId, endpoint);
    }
    for await (const event of node.events(interrupted.signal)) react(event);
  } finally {
    await node.close();
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
