/** A server, the connections of strangers to it, and what they are answered; all ended after each test. */
import assert from "node:assert/strict";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { afterEach } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import type { GrpcOptions } from "../../src/transport/grpc.ts";
import type { Link } from "../../src/transport/network.ts";
import { frame, PREFACE, TYPE } from "../hostile/http2-frames.ts";
import { authority, createGrpcWorld, type GrpcMember, TLS } from "./grpc-world.ts";

export const world = createGrpcWorld(TLS);
export const plainWorld = createGrpcWorld(undefined);
export const accepted: Link[] = [];
export const sessions: ClientHttp2Session[] = [];
export const sockets: Socket[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all([world.close(), plainWorld.close()]);
});

export async function listening(
  options: Partial<GrpcOptions> = {},
  of = world,
): Promise<GrpcMember> {
  const member = of.grpc(options);
  accepted.length = 0;
  await member.network.listen((link) => accepted.push(link));
  return member;
}

/** Whether an honest member is still served, as soon as the machine has time for it. */
export async function assertServes(member: GrpcMember, of = world): Promise<void> {
  const friend = of.grpc();
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const reason = await new Promise<string | undefined>((resolve) => {
      friend.network.ping(member.endpoint(), (fault, why) => resolve(fault && why));
    });
    if (reason === undefined) return;
    assert.ok(performance.now() < deadlineMs, reason);
    await sleep(10);
  }
}

/** Resolves when it is closed, whether by an error or not. */
export function closed(socket: Socket | ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

/** `localPort`: default any. */
export function openTcp(port: number, localAddress = "127.0.0.1", localPort?: number): Socket {
  const from = { localAddress, ...(localPort !== undefined && { localPort }) };
  const socket = connectTcp({ port, host: "127.0.0.1", ...from });
  socket.on("error", () => {});
  socket.resume();
  sockets.push(socket);
  return socket;
}

export function openTls(port: number, protocols: string[]): Socket {
  const options = { ca: authority.cert, ALPNProtocols: protocols };
  const socket = connectTls({ host: "localhost", port, ...options });
  socket.on("error", () => {});
  socket.resume();
  sockets.push(socket);
  return socket;
}

export function openHttp2(port: number): ClientHttp2Session {
  const session = connectHttp2(`https://localhost:${port}`, {
    ca: authority.cert,
    cert: TLS.cert,
    key: TLS.key,
  });
  session.on("error", () => {});
  sessions.push(session);
  return session;
}

/** A session written by hand: the preface, the settings, and then these bytes again and again. */
export function floodWith(socket: Socket, first: Uint8Array, bytes: Uint8Array): Socket {
  socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), first]));
  const write = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on("drain", write);
  write();
  return socket;
}

export interface Answer {
  readonly stream: ClientHttp2Stream;
  httpStatus?: number | undefined;
  grpcStatus?: string | undefined;
}

export function call(session: ClientHttp2Session, headers: Record<string, string> = {}): Answer {
  const stream = session.request({
    ":method": "POST",
    ":path": "/gossip.Gossip/GossipStream",
    "content-type": "application/grpc",
    ...headers,
  });
  const answer: Answer = { stream };
  const read = (received: Record<string, unknown>): void => {
    const status = received["grpc-status"];
    if (typeof status === "string") answer.grpcStatus = status;
  };
  stream.on("error", () => {});
  stream.on("response", (received) => {
    answer.httpStatus = received[":status"];
    read(received);
  });
  stream.on("trailers", read);
  stream.resume();
  return answer;
}

export function lengthPrefix(length: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return prefix;
}
