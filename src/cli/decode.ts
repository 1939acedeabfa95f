/** `fabric-gossip decode`: an envelope as readable JSON. */
import { readFile, stat } from "node:fs/promises";
import { decodeEnvelope } from "../decode-envelope.ts";
import { GossipError } from "../errors.ts";
import { printableJson } from "../printable.ts";

/** Twice the longest message in hex; more is not read. */
const INPUT_BYTES_MAX = 134_217_728;

/** `input`: an envelope, the name of a file, `-` or nothing for standard input. */
export async function decode(input: string | undefined): Promise<void> {
  const bytes = await readInput(input);
  const json = decodeEnvelope(bytes);
  process.stdout.write(`${printableJson(json, 2)}\n`);
}

async function readInput(input: string | undefined): Promise<Uint8Array> {
  if (input === undefined || input === "-") return readStandardInput();
  const found = await stat(input).catch(() => undefined);
  if (found === undefined) {
    // No file: then it is the envelope, if it can be one.
    if (/^[\s\w:,+/=\\"'-]+$/.test(input)) return Buffer.from(input);
    throw new GossipError(
      "config-invalid",
      `There is no file ${input}, and that is no hex or base64 either: check the name.`,
    );
  }
  if (!found.isFile() || found.size > INPUT_BYTES_MAX) {
    throw new GossipError("config-invalid", `${input} is no file that can hold an envelope.`);
  }
  try {
    return await readFile(input);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GossipError("config-invalid", `${input} cannot be read (${why}): check its rights.`);
  }
}

async function readStandardInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY) {
    const remedy = "give it as an argument, as a file, or through a pipe";
    throw new GossipError("config-invalid", `There is no envelope to decode: ${remedy}.`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > INPUT_BYTES_MAX) throw new GossipError("config-invalid", "That is too long.");
  }
  return Buffer.concat(chunks);
}
