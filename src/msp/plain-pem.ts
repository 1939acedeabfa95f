/** Certificates in files as Go reads them, in the form that OpenSSL reads. */
import { printable } from "../lib/printable.ts";
import { decodePem, decodePemBlocks, encodePem } from "./pem.ts";
import { isDerCertificate, tellUnusable, whyNoPem } from "./unusable.ts";

const TYPE = "CERTIFICATE";
const BEGIN = `-----BEGIN ${TYPE}-----`;

/** A PEM text without headers, blank lines and what stands around the blocks. */
interface PlainCertificates {
  readonly pem: Buffer;
  /** What Go passes over without a word, with the remedy; undefined: nothing. */
  readonly doubt: string | undefined;
}

/**
 * The certificates that Go finds in a PEM file: all blocks of a chain (`chain`), or those that can be
 * read (`pool`, CAs). Otherwise why there is none, with the remedy.
 */
export function plainCertificates(
  file: Uint8Array,
  use: "chain" | "pool",
): PlainCertificates | string {
  const blocks = decodePemBlocks(file).filter(({ type }) => type === TYPE);
  const readable = blocks.filter(({ der }) => isDerCertificate(der));
  const [first] = readable;
  if (first === undefined || (use === "chain" && first !== blocks[0])) return whyNone(file);
  const unreadable = tellUnread(blocks.map((block) => readable.includes(block)));
  // Whoever is shown such a chain refuses it.
  if (use === "chain" && unreadable !== undefined) return unreadable;
  const headers = use === "pool" && blocks.some(({ hasHeaders }) => hasHeaders);
  const doubts = [whyBroken(file, blocks.length), unreadable, headers ? HEADERS : undefined];
  const told = doubts.filter((one) => one !== undefined).join("; ");
  const pem = Buffer.concat(readable.map(({ der }) => encodePem(TYPE, der)));
  return { pem, doubt: told || undefined };
}

/** Numbers that are told; a file may hold thousands. */
const NUMBERS_MAX = 5;

function tellUnread(areReadable: readonly boolean[]): string | undefined {
  const numbers = areReadable.flatMap((isReadable, i) => (isReadable ? [] : [i + 1]));
  if (numbers.length === 0) return undefined;
  if (numbers.length === 1) {
    return `its certificate number ${numbers[0]} cannot be read: replace or remove it`;
  }
  const more = numbers.length - NUMBERS_MAX;
  const which = `${numbers.slice(0, NUMBERS_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return `its certificates number ${which} cannot be read: replace or remove them`;
}

/** The same for files that a verb is given: what Go would pass over is a fault. */
export function certificatesOf(file: Uint8Array, use: "chain" | "pool"): Buffer | string {
  const found = plainCertificates(file, use);
  if (typeof found === "string") return found;
  return found.doubt ?? found.pem;
}

const HEADERS =
  "lines with a colon stand within a PEM block, which a peer of Fabric does not trust then: remove them";

function whyBroken(file: Uint8Array, found: number): string | undefined {
  const written = Buffer.from(file).toString("latin1").split(BEGIN).length - 1;
  if (found === written) return undefined;
  const unusable = whyNoPem(file);
  if (unusable.holds === "bom") return tellUnusable(unusable);
  return `${written - found} of its ${written} certificates cannot be read: ${WHOLE}`;
}

const WHOLE =
  "put the whole text from the BEGIN line to the END line there, each at the start of its line";

function whyNone(file: Uint8Array): string {
  const block = decodePem(file);
  if (block === undefined) return tellUnusable(whyNoPem(file));
  const type = printable(block.type.slice(0, 40));
  return `its first PEM block (${type}) is not a certificate that can be read: put a certificate there`;
}
