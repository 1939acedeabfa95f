/**
 * Messages between two members over mutual TLS on loopback, both ends in this process: our links
 * beside bare node:http2 streams with the same certificates, which only count bytes.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  createSecureServer,
  type Http2SecureServer,
} from "node:http2";
import { createGrpcNetwork, type GrpcNetwork } from "../src/transport/grpc.ts";
import type { Link } from "../src/transport/network.ts";
import type { TlsCredentials } from "../src/transport/tls-credentials.ts";
import { makeFixtures } from "./fixture-identities.ts";
import { inTemporaryFolder, round, takeTurns } from "./measure.ts";

export interface TransportResult {
  /** Length of each message. */
  readonly bytes: number;
  readonly rows: readonly TransportRow[];
}

export interface TransportRow {
  readonly name: string;
  /** Messages per batch; the next batch follows when these have arrived. */
  readonly burst: number;
  /** CPU microseconds per message, sending and receiving. */
  readonly oursUs: number;
  readonly bareUs: number;
  /** Our cost relative to the bare stream. */
  readonly ratio: number;
  /** Messages per second on one core. */
  readonly messagesPerSecond: number;
}

/** One direction: sends, and resolves when the expected bytes have arrived. */
interface Pipe {
  send(message: Uint8Array): void;
  arrived(bytes: number): Promise<void>;
  close(): Promise<void>;
}

const BURSTS = [
  ["singles", 1, 100],
  ["bursts of 10", 10, 500],
  ["bursts of 1,000", 1_000, 5_000],
] as const;
/** Length of a gRPC frame header; the bare stream sends as much. */
const HEADER_BYTES = 5;

export async function benchTransport(bytes: number, rounds: number): Promise<TransportResult> {
  const tls = await inTemporaryFolder(makeTls);
  const [ours, bare] = [await openLink(tls), await openBare(tls)];
  const rows: TransportRow[] = [];
  try {
    for (const [name, burst, times] of BURSTS) {
      const [oursUs = 0, bareUs = 0] = await takeTurns(
        [
          { times, run: () => sendAll(ours, new Uint8Array(bytes), burst, times) },
          { times, run: () => sendAll(bare, new Uint8Array(bytes + HEADER_BYTES), burst, times) },
        ],
        rounds,
      );
      rows.push({
        name,
        burst,
        oursUs: round(oursUs, 1),
        bareUs: round(bareUs, 1),
        ratio: round(oursUs / bareUs, 2),
        messagesPerSecond: Math.round(1e6 / oursUs),
      });
    }
  } finally {
    await Promise.all([ours.close(), bare.close()]);
  }
  return { bytes, rows };
}

async function sendAll(
  pipe: Pipe,
  message: Uint8Array,
  burst: number,
  times: number,
): Promise<void> {
  for (let sent = 0; sent < times; sent += burst) {
    for (let i = 0; i < burst; i++) pipe.send(message);
    await pipe.arrived(burst * message.length);
  }
}

async function makeTls(folder: string): Promise<TlsCredentials> {
  const { organisation } = await makeFixtures(folder, 1);
  const [peer] = organisation.peers;
  if (peer === undefined) throw new RangeError("one peer was asked for");
  const [cert, key, ca] = await Promise.all(
    [peer.tlsCertFile, peer.tlsKeyFile, peer.tlsCaFile].map((file) => readFile(file)),
  );
  if (!cert || !key || !ca) throw new RangeError("three files were asked for");
  return { cert, key, rootCas: [ca], clientAuthRequired: true, clientRootCas: [ca] };
}

/** Counts received bytes up to a target. */
class Arrivals {
  #bytes = 0;
  #wake: (() => void) | undefined;

  count(bytes: number): void {
    this.#bytes += bytes;
    this.#wake?.();
  }

  async take(bytes: number): Promise<void> {
    while (this.#bytes < bytes) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#bytes -= bytes;
  }
}

/** Our link, with no read limit, both ends admitted. */
async function openLink(tls: TlsCredentials): Promise<Pipe> {
  const options = {
    listen: { host: "127.0.0.1", port: 0 },
    tls,
    limits: { receivedBytesPerSecond: Number.MAX_SAFE_INTEGER },
  };
  const [dialler, acceptor] = [createGrpcNetwork(options), createGrpcNetwork(options)];
  const arrivals = new Arrivals();
  const nothing = { message: () => {}, drain: () => {}, closed: () => {} };
  await acceptor.listen((link) => {
    link.admit();
    link.start({ ...nothing, message: ({ length }) => arrivals.count(length) });
  });
  const link = await dial(dialler, `127.0.0.1:${acceptor.port}`);
  link.admit();
  link.start(nothing);
  return {
    send: (message) => link.send(message),
    arrived: (bytes) => arrivals.take(bytes),
    close: async () => {
      await Promise.all([dialler.close(), acceptor.close()]);
    },
  };
}

function dial(network: GrpcNetwork, endpoint: string): Promise<Link> {
  return new Promise((resolve, reject) => {
    network.dial(endpoint, {
      opened: resolve,
      failed: (fault, reason) => reject(new Error(`${fault}: ${reason}`)),
    });
  });
}

async function openBare(tls: TlsCredentials): Promise<Pipe> {
  const { cert, key, rootCas } = tls;
  const common = { cert, key, ca: [...rootCas] };
  const server = createSecureServer({ ...common, requestCert: true, rejectUnauthorized: true });
  const arrivals = new Arrivals();
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200 });
    stream.on("data", ({ length }: Buffer) => arrivals.count(length));
    stream.on("error", () => {}); // The stream ends with its session.
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectHttp2(`https://127.0.0.1:${portOf(server)}`, common);
  await once(session, "connect");
  const stream = session.request({ ":method": "POST" }, { endStream: false });
  stream.on("error", () => {});
  await once(stream, "response");
  return {
    send: (message) => stream.write(message),
    arrived: (bytes) => arrivals.take(bytes),
    close: () => closeBare(server, session, stream),
  };
}

function portOf(server: Http2SecureServer): number {
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

async function closeBare(
  server: Http2SecureServer,
  session: ClientHttp2Session,
  stream: ClientHttp2Stream,
): Promise<void> {
  stream.destroy();
  session.destroy();
  server.close();
  await once(server, "close");
}
