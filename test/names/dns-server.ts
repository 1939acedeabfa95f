/** A small DNS server on UDP, for tests: what it answers can be changed while it runs. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";
import type { TestContext } from "node:test";

const TYPE = { A: 1, AAAA: 28, SRV: 33 } as const;
const NAME_ERROR = 3;
const SERVER_FAILURE = 2;

export interface DnsServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Addresses by host, in lower case; `priority weight port target` by service. */
  readonly records: Map<string, readonly string[]>;
  /** How questions that are not in the records are answered. */
  mode: "no such name" | "broken" | "silent";
  /** Names that were asked for, with the kind of record. */
  readonly asked: string[];
}

export async function startDnsServer(t: TestContext): Promise<DnsServer> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    records: new Map(),
    mode: "no such name",
    asked: [],
  };
  socket.on("message", (query, { port, address }) => {
    const answer = answerTo(query, server);
    if (answer !== undefined) socket.send(answer, port, address);
  });
  return server;
}

function answerTo(query: Buffer, server: DnsServer): Buffer | undefined {
  const { name, end } = readName(query, 12);
  const type = query.readUInt16BE(end);
  server.asked.push(`${name} ${Object.entries(TYPE).find(([, value]) => value === type)?.[0]}`);
  const question = query.subarray(12, end + 4);
  const records = server.records.get(name);
  if (records === undefined && server.mode === "silent") return undefined;
  const code = server.mode === "broken" ? SERVER_FAILURE : NAME_ERROR;
  const answers = (records ?? []).flatMap((record) => encodeRecord(type, record));
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (records === undefined ? code : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question, ...answers]);
}

function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

/** A record that has the type asked for, of the name in the question. */
function encodeRecord(type: number, record: string): readonly Buffer[] {
  const data = encodeData(type, record);
  if (data === undefined) return [];
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return [Buffer.concat([head, data])];
}

function encodeData(type: number, record: string): Buffer | undefined {
  if (record.includes(" ")) {
    if (type !== TYPE.SRV) return undefined;
    const [priority, weight, port, target = ""] = record.split(" ");
    const data = Buffer.alloc(6);
    for (const [i, value] of [priority, weight, port].entries()) {
      data.writeUInt16BE(Number(value), 2 * i);
    }
    return Buffer.concat([data, encodeName(target)]);
  }
  if (isIPv4(record)) {
    return type === TYPE.A ? Buffer.from(record.split(".").map(Number)) : undefined;
  }
  return type === TYPE.AAAA ? encodeIpv6(record) : undefined;
}

function encodeName(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  const parts = labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

/** Of those with a double colon only, which is enough here. */
function encodeIpv6(address: string): Buffer {
  const data = Buffer.alloc(16);
  const [before = [], after = []] = address
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  for (const [i, group] of before.entries()) data.writeUInt16BE(Number.parseInt(group, 16), 2 * i);
  for (const [i, group] of after.toReversed().entries()) {
    data.writeUInt16BE(Number.parseInt(group, 16), 14 - 2 * i);
  }
  return data;
}
