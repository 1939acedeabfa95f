/** What a machine can do, and how to wait for something. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** Microseconds of one P-256 verification over 300 bytes, the best of five runs. */
export function measureVerification(): number {
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  const publicKey = createPublicKey({ key: pair.publicKey, format: "der", type: "spki" });
  const privateKey = createPrivateKey({ key: pair.privateKey, format: "der", type: "pkcs8" });
  const message = Buffer.alloc(300, 7);
  const signature = sign("sha256", message, privateKey);
  const runs = Array.from({ length: 5 }, () => {
    const times = 2_000;
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) verify("sha256", message, publicKey, signature);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  });
  return Math.min(...runs);
}

/** Milliseconds until the condition holds; undefined after `maxMs`. */
export async function waitFor(
  condition: () => boolean,
  maxMs: number,
): Promise<number | undefined> {
  const startedMs = performance.now();
  while (!condition()) {
    if (performance.now() - startedMs > maxMs) return undefined;
    await sleep(5);
  }
  return Math.round(performance.now() - startedMs);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** At most so many digits after the point. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
