/**
 * What a dialler that refuses the server's TLS certificate says before it leaves. It judges the
 * certificate after the handshake, too late for an alert, so that the server would learn of nothing.
 * A GOAWAY frame of HTTP/2 may carry a text; Fabric's peers pass over it.
 */
import type { Http2Session } from "node:http2";
import { remoteOf } from "./grpc-session.ts";
import type { Refuse } from "./network.ts";
import type { TlsFault } from "./tls-fault.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const GOAWAY_TYPE = 7;
/** The last stream and the error code: none, and none. */
const GOAWAY_HEAD_BYTES = 8;
const OPENING = "TLS certificate refused: ";

/** What is said, and nothing else is understood: the text goes into a log. */
const WORDS: Partial<Record<TlsFault, string>> = {
  "tls-untrusted": "unknown CA",
  "tls-name": "not for the host that is dialled",
  "tls-own": "not for the host that is dialled",
  "tls-expired": "expired",
  "tls-not-yet-valid": "not yet valid",
  "tls-wrong-purpose": "not for servers",
  "tls-bad-certificate": "bad certificate",
};

/** The bytes to send instead of a first request; undefined: nothing of ours is refused. */
export function farewell(fault: string): Buffer | undefined {
  const words = new Map(Object.entries(WORDS)).get(fault);
  if (words === undefined) return undefined;
  const text = Buffer.from(OPENING + words);
  const length = GOAWAY_HEAD_BYTES + text.length;
  const head = Buffer.from([0, 0, length, GOAWAY_TYPE, 0, 0, 0, 0, 0]);
  return Buffer.concat([PREFACE, EMPTY_SETTINGS, head, Buffer.alloc(GOAWAY_HEAD_BYTES), text]);
}

/** Tells of a dialler that leaves so. */
export function hearFarewell(session: Http2Session, refused: Refuse): void {
  const remoteAddress = remoteOf(session);
  session.once("goaway", (_code: number, _lastStream: number, data?: Uint8Array) => {
    const said = data === undefined ? "" : Buffer.from(data).toString();
    const words = Object.values(WORDS).find((one) => said === OPENING + one);
    if (words === undefined) return;
    const isOver = words === WORDS["tls-expired"];
    refused(isOver ? "tls-refused-expired" : "tls-client-refuses-us", remoteAddress, words);
  });
}
