/** The hashed and signed form of a block header: DER (Fabric: `BlockHeaderBytes`). */
import type { BlockHeader } from "../../wire/block-messages.ts";
import type { ChannelHost } from "../types/host.ts";

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;

/** SEQUENCE { INTEGER number, OCTET STRING previous hash, OCTET STRING data hash }. */
export function headerBytes({ number, previousHash, dataHash }: BlockHeader): Uint8Array {
  return element(SEQUENCE, [
    element(INTEGER, [integerBytes(number)]),
    element(OCTET_STRING, [previousHash]),
    element(OCTET_STRING, [dataHash]),
  ]);
}

/** The hash by which the next block names this one. */
export function headerHash(host: Pick<ChannelHost, "sha256">, header: BlockHeader): Uint8Array {
  return host.sha256([headerBytes(header)]);
}

function element(tag: number, contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const head = [tag, ...lengthBytes(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

function lengthBytes(length: number): readonly number[] {
  if (length < 128) return [length];
  const bytes = bigEndian(BigInt(length));
  return [0x80 | bytes.length, ...bytes];
}

/** Unsigned: a leading zero byte precedes a set first bit. */
function integerBytes(value: bigint): Uint8Array {
  const bytes = bigEndian(value);
  return Uint8Array.from((bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes);
}

function bigEndian(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0n || bytes.length === 0; rest >>= 8n) {
    bytes.unshift(Number(rest & 0xffn));
  }
  return bytes;
}
