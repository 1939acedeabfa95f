/**
 * Many members told of by one honest neighbour, as a Fabric peer in a large network would: a program
 * of its own. It dials the victim and sends each member's heartbeat whenever it is due.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../../src/config/load.ts";
import type { Identity, Signer } from "../../src/core/types/host.ts";
import { loadLocalMsp } from "../../src/msp/load-msp.ts";
import { pkiIdBytes } from "../../src/wire/received.ts";
import { Attacker } from "./attacker-links.ts";
import { aliveMessage } from "./messages.ts";

export interface RelayedReport {
  readonly pkiIds: readonly string[];
}

const { RELAYED_MSPS = "", RELAYED_PORT = "", RELAYED_FAST = "" } = process.env;
const EVERY_MS = RELAYED_FAST === "true" ? 2_000 : 5_000;
const config = await loadConfig({});
const relay = await Attacker.create(config, { host: "127.0.0.1", port: Number(RELAYED_PORT) });
const members: { readonly identity: Identity; readonly signer: Signer }[] = [];
for (const folder of RELAYED_MSPS.split(":")) {
  members.push(await loadLocalMsp(folder, "Org1MSP", { wallMs: Date.now() }));
}

async function speak(): Promise<void> {
  const incNum = BigInt(Date.now()) * 1_000_000n;
  let link = await relay.connect();
  for (let seqNum = 1n; ; seqNum += 1n) {
    const startedMs = performance.now();
    for (const [index, { identity, signer }] of members.entries()) {
      const sign = (payload: Uint8Array): Uint8Array => {
        const signature = signer(payload);
        if (signature instanceof Promise) throw new Error("the signer is expected to be at hand");
        return signature;
      };
      const pkiId = pkiIdBytes(identity.pkiId);
      const certificate = seqNum < 3n ? { certificate: identity.bytes } : {};
      const internalEndpoint = `127.0.0.1:${1 + index}`; // Nobody is there.
      if (!link.isOpen()) link = await relay.connect();
      link.send(aliveMessage({ pkiId, sign, incNum, seqNum, internalEndpoint, ...certificate }));
      const dueMs = startedMs + (EVERY_MS * (index + 1)) / members.length;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await sleep(waitMs);
    }
  }
}

process.on("message", () => {
  process.send?.({ pkiIds: members.map(({ identity }) => identity.pkiId) } satisfies RelayedReport);
});
process.once("disconnect", () => process.exit(0));
process.send?.({ pkiId: relay.identity.pkiId });
void speak();
