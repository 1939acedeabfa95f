/** A hostile member: a program of its own, told over IPC what to try. */
import { loadConfig } from "../../src/config/load.ts";
import { Attacker } from "./attacker-links.ts";
import { ATTACKS } from "./attacks.ts";
import { STRANGERS } from "./strangers.ts";

export interface AttackOrder {
  readonly attack: string;
  readonly seconds: number;
  readonly port: number;
}

export interface AttackReport {
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly fault: string | undefined;
}

const config = await loadConfig({});

async function run({ attack, seconds, port }: AttackOrder): Promise<AttackReport> {
  const attacker = await Attacker.create(config, { host: "127.0.0.1", port });
  let fault: string | undefined;
  try {
    await (ATTACKS[attack] ?? STRANGERS[attack])?.(attacker, seconds);
  } catch (error) {
    fault = String(error); // Told, not thrown: to be refused is what should happen to some.
  }
  attacker.disconnect();
  const { messagesSent, bytesSent, bytesReceived } = attacker;
  return { messagesSent, bytesSent, bytesReceived, fault };
}

process.on("message", (order: AttackOrder) => {
  void run(order).then((report) => process.send?.(report));
});
process.once("disconnect", () => process.exit(0));
process.send?.({ pkiId: (await Attacker.create(config, { host: "", port: 1 })).identity.pkiId });
