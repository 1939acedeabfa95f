/** `fabric-gossip decode`: an envelope as readable JSON. */
import { GossipError } from "../lib/errors.ts";
import { printableJson } from "../lib/printable.ts";
import { fileFault, fileRemedy, readSmallFileOrPipe } from "../lib/small-file.ts";
import { decodeEnvelope } from "../observe/decode-envelope.ts";

/** Maximum input size: twice the longest message in hex. */
const INPUT_BYTES_MAX = 134_217_728;

/** Text that cannot be a file name. */
const NO_NAME = /^(?:(0x)?[\s0-9a-f:]{16,}|[^/]*\.\.\. \d+ more (?:byte|item)s?\b[^/]*)$/i;
/** Longer arguments must be envelopes, because no file name is this long. */
const NAME_LENGTH_MAX = 255;
const NO_FILE: readonly unknown[] = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"];

/** `input`: an envelope, the name of a file, `-` or nothing for standard input. */
export async function decode(input: string | undefined): Promise<void> {
  const bytes = await readInput(input);
  process.stdout.write(`${printableJson(decodeEnvelope(bytes ?? asWord(input ?? "")), 2)}\n`);
}

/** Returns the argument itself if it is an envelope; otherwise treats it as a file name. */
function asWord(input: string): Uint8Array {
  const bytes = Buffer.from(input);
  if (input === "" || input.length > NAME_LENGTH_MAX || NO_NAME.test(input)) return bytes;
  try {
    decodeEnvelope(bytes);
    return bytes;
  } catch {
    const what = `There is no file ${input}, and the argument itself is not an envelope in hex or base64`;
    throw new GossipError("config-invalid", `${what}: check the name.`);
  }
}

/** Undefined if the file does not exist. */
async function readInput(input: string | undefined): Promise<Uint8Array | undefined> {
  if (input === undefined || input === "-") return readStandardInput();
  const content = await readSmallFileOrPipe(input, INPUT_BYTES_MAX);
  if (typeof content !== "string") return content;
  if (NO_FILE.includes(content)) return undefined;
  throw unreadable(input, content);
}

function unreadable(input: string, fault: string): GossipError {
  const remedy = fileRemedy(fault, "an envelope") ?? "give a file that holds an envelope";
  return new GossipError("config-invalid", `${input} ${fileFault(fault)}: ${remedy}.`);
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
