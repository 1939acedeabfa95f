/** HTTP/2 frames by hand: what no HTTP/2 library would send. */

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
  unknown: 0xbb,
} as const;

export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A literal header field without indexing; name and value are shorter than 127 bytes. */
function field(name: string, value: string): Buffer {
  const [n, v] = [Buffer.from(name), Buffer.from(value)];
  return Buffer.concat([Buffer.of(0, n.length), n, Buffer.of(v.length), v]);
}

/** The header block of a request, with whatever else. */
export function requestHeaders(
  path: string,
  contentType = "application/grpc",
  ...more: readonly (readonly [string, string])[]
): Buffer {
  const postOverHttps = Buffer.of(0x83, 0x87);
  const fields = [[":path", path], [":authority", "x"], ["content-type", contentType], ...more];
  return Buffer.concat([postOverHttps, ...fields.map(([n = "", v = ""]) => field(n, v))]);
}

/** A request that opens a stream. */
export function open(stream: number, block: Uint8Array, flags = 0): Buffer {
  return frame(TYPE.headers, FLAG.endHeaders | flags, stream, block);
}
