/** The files of the corpus, and what Fabric recorded. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodePem } from "../../src/msp/pem.ts";

const FOLDER = join(import.meta.dirname, "corpus");
const VECTORS = join(import.meta.dirname, "../vectors");

/** The inputs of `corpus/NAME`, in the order of their names. */
export function readCorpus(name: string): readonly Uint8Array[] {
  const folder = join(FOLDER, name);
  return filesIn(folder).map((file) => new Uint8Array(readFileSync(join(folder, file))));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Keeps an input; returns the file's name. Equal inputs share one file. */
export function keepInput(name: string, prefix: string, input: Uint8Array): string {
  const folder = join(FOLDER, name);
  mkdirSync(folder, { recursive: true });
  const digest = createHash("sha256").update(input).digest("hex").slice(0, 8);
  const file = join(folder, `${prefix}-${digest}.bin`);
  writeFileSync(file, input);
  return file;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The PEM texts in a file of vectors, whatever they are called there. */
function pemTexts(file: string): readonly string[] {
  const text = readFileSync(join(VECTORS, file), "utf8");
  const found = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----(?:\\n|\n)?/g);
  return [...found].map(([pem]) => pem.replaceAll("\\n", "\n"));
}

const pems = ["identities.json", "msp.json", "msp-org3/cacerts/ca.pem"].flatMap(pemTexts);

/** Certificates as text: good ones, and those with which Fabric finds fault. */
export const certificatePems: readonly Uint8Array[] = pems
  .filter((pem) => pem.includes("BEGIN CERTIFICATE"))
  .map(bytesOf);

/** The same as DER. */
export const certificates: readonly Uint8Array[] = certificatePems.flatMap(derOf);

export const revocationListPems: readonly Uint8Array[] =
  pemTexts("msp-org3/crls/crl.pem").map(bytesOf);

export const revocationLists: readonly Uint8Array[] = revocationListPems.flatMap(derOf);

function derOf(pem: Uint8Array): Uint8Array[] {
  const block = decodePem(pem);
  return block === undefined ? [] : [new Uint8Array(block.der)];
}
