/**
 * A member whose private key is not in its MSP folder: somebody else signs, here a thread that stands
 * for a hardware module. The member hands it bytes and gets a signature; it never sees the key.
 * Usage: node examples/signer.ts core.yaml KEY.pem
 */
import { sign } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { GossipError, GossipNode, loadConfig, type Signer } from "../src/index.ts";

/** The order of the curve P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A module answers with r and s, 32 bytes each (PKCS #11). Fabric takes DER, with the lower s. */
function derOf(signature: Uint8Array): Uint8Array {
  const hex = Buffer.from(signature).toString("hex");
  const [r, s] = [BigInt(`0x${hex.slice(0, 64)}`), BigInt(`0x${hex.slice(64)}`)];
  const body = Buffer.concat([integer(r), integer(s > ORDER / 2n ? ORDER - s : s)]);
  return Buffer.concat([Uint8Array.of(0x30, body.length), body]);
}

function integer(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const padding = (digits[0] ?? 0) < 0x80 ? [] : [0]; // A leading one would make it negative.
  return Uint8Array.of(0x02, padding.length + digits.length, ...padding, ...digits);
}

/** One question at a time, as with most modules. */
function signerOf(module: Worker): Signer {
  let last: Promise<unknown> = Promise.resolve();
  return async (payload) => {
    const ask = async (): Promise<Uint8Array> => {
      module.postMessage(payload);
      const [signature] = await once(module, "message");
      return derOf(signature);
    };
    const answer = last.then(ask, ask);
    last = answer;
    return answer;
  };
}

async function main(file = "core.yaml", keyFile = "key.pem"): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const key = await readFile(keyFile, "utf8");
  const module = new Worker(new URL(import.meta.url), { workerData: key });
  try {
    const config = await loadConfig(file);
    const node = await GossipNode.start(config, { signer: signerOf(module) });
    console.log(`we are ${node.self().pkiId}, and another thread signs for us`);
    for await (const event of node.events(interrupted.signal)) {
      if ("member" in event) console.log(event.type, event.member.endpoint);
    }
    await node.close();
  } finally {
    await module.terminate();
  }
}

if (isMainThread) {
  try {
    await main(...process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
} else {
  parentPort?.on("message", (payload: Uint8Array) => {
    parentPort?.postMessage(
      sign("sha256", payload, { key: workerData, dsaEncoding: "ieee-p1363" }),
    );
  });
}
