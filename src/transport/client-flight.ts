import {
  createDecipheriv,
  createHmac,
  type DecipherChaCha20Poly1305,
  type DecipherGCM,
} from "node:crypto";
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { keyWeight } from "./key-weight.ts";
import { type PiecewiseSocket, piecewiseBelow } from "./piecewise-socket.ts";

/** What TLS calls its records and messages. */
const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23, heartbeat: 24 } as const;
const RECORD_HEADER_BYTES = 5;
const CERTIFICATE = 11;
const MESSAGE_HEADER_BYTES = 4;
const TAG_BYTES = 16;
const NOTHING = Buffer.alloc(0);

/** A chain whose signatures take longer to check, in microseconds, belongs to nobody who is honest. */
const WEIGHT_MAX = 10_000;

/** No honest chain is longer: eight certificates with RSA keys of 4,096 bits. */
const TLS_BYTES_MAX = 16_384;

const LONG =
  "it shows more than 16 KiB of certificates: its own and those of its intermediate CAs are enough";
const DEAR_KEYS = "its chain has keys that are too costly to check";
const ODD_KEYS = "its chain has a certificate, or a kind of key, that Go does not take";

/**
 * Reads along with the TLS of a server. The function tells why the next piece of a client that is in its
 * handshake must not reach OpenSSL; undefined: it may.
 */
export function readAlong(
  server: EventEmitter,
): (socket: PiecewiseSocket, piece: Uint8Array) => string | undefined {
  const flights = new WeakMap<PiecewiseSocket, ClientFlight>();
  server.on("keylog", (line: Buffer, socket: Socket) => {
    const below = piecewiseBelow(socket);
    if (below !== undefined) flights.get(below)?.learn(line);
  });
  return (socket, piece) => {
    if (socket.bytesRead > TLS_BYTES_MAX) return LONG;
    const flight = flights.get(socket) ?? new ClientFlight();
    flights.set(socket, flight);
    return flight.objection(piece);
  };
}

/**
 * Reads along what a client sends in a TLS handshake, and weighs its certificates before OpenSSL, which
 * checks the whole chain in one go, gets their last byte. TLS 1.3 has them encrypted: the key comes from
 * the key log of the connection. What cannot be read here OpenSSL cannot read either.
 */
class ClientFlight {
  #raw: Buffer = NOTHING;
  /** Handshake messages so far, of the records that are encrypted or of those that are not. */
  #messages: Buffer = NOTHING;
  #keys: HandshakeKeys | undefined;
  #isEncrypted = false;
  #isDone = false;

  /** Hears a line of the key log. */
  learn(line: Buffer): void {
    const [label, , secret = ""] = line.toString("latin1").trim().split(" ");
    if (label !== "CLIENT_HANDSHAKE_TRAFFIC_SECRET") return;
    this.#keys = new HandshakeKeys(Buffer.from(secret, "hex"));
  }

  /** Why these bytes, the next ones, must not reach OpenSSL; undefined: they may. */
  objection(bytes: Uint8Array): string | undefined {
    if (this.#isDone) return undefined;
    this.#raw = Buffer.concat([this.#raw, bytes]);
    for (let record = this.#takeRecord(); record !== undefined; record = this.#takeRecord()) {
      this.#add(record);
      const certificates = this.#takeCertificates();
      if (certificates === undefined) continue;
      this.#end();
      return weigh(certificates);
    }
    return undefined;
  }

  #end(): void {
    this.#isDone = true;
    this.#keys = undefined;
    this.#raw = NOTHING;
    this.#messages = NOTHING;
  }

  #takeRecord(): Buffer | undefined {
    const [type = 0, second = 0] = this.#raw;
    // The hello of SSL 2, which OpenSSL still takes as the first words of later versions.
    const isOld = type >= 0x80;
    const isKnown = type >= RECORD.changeCipherSpec && type <= RECORD.heartbeat;
    if (this.#raw.length < RECORD_HEADER_BYTES) return undefined;
    if (!isOld && !isKnown) {
      this.#end(); // No TLS.
      return undefined;
    }
    const bytes = isOld
      ? 2 + (type - 0x80) * 256 + second
      : RECORD_HEADER_BYTES + this.#raw.readUInt16BE(3);
    if (this.#raw.length < bytes) return undefined;
    const record = this.#raw.subarray(0, bytes);
    this.#raw = this.#raw.subarray(bytes);
    return record;
  }

  #add(record: Buffer): void {
    if (record[0] === RECORD.handshake && !this.#isEncrypted) {
      this.#messages = Buffer.concat([this.#messages, record.subarray(RECORD_HEADER_BYTES)]);
    }
    if (record[0] !== RECORD.data) return;
    // One that cannot be decrypted is early data, which nobody reads.
    const inner = this.#keys?.decrypt(record);
    if (inner === undefined) return;
    if (!this.#isEncrypted) this.#messages = NOTHING;
    this.#isEncrypted = true;
    let length = inner.length;
    while (length > 0 && inner[length - 1] === 0) length -= 1; // Padding.
    if (inner[length - 1] !== RECORD.handshake) return;
    this.#messages = Buffer.concat([this.#messages, inner.subarray(0, length - 1)]);
  }

  /** The list of certificates, once it has come; undefined until then. */
  #takeCertificates(): Uint8Array[] | undefined {
    while (this.#messages.length >= MESSAGE_HEADER_BYTES) {
      const end = MESSAGE_HEADER_BYTES + this.#messages.readUIntBE(1, 3);
      if (this.#messages.length < end) return undefined;
      const message = this.#messages.subarray(MESSAGE_HEADER_BYTES, end);
      const isCertificate = this.#messages[0] === CERTIFICATE;
      this.#messages = this.#messages.subarray(end);
      if (isCertificate) return certificatesIn(message, this.#isEncrypted);
    }
    return undefined;
  }
}

function weigh(certificates: readonly Uint8Array[]): string | undefined {
  let sum = 0;
  for (const certificate of certificates) {
    const weight = keyWeight(certificate);
    if (weight === undefined) return ODD_KEYS;
    sum += weight;
  }
  return sum > WEIGHT_MAX ? DEAR_KEYS : undefined;
}

/** In TLS 1.3 a context comes first, and extensions follow each certificate. */
function certificatesIn(message: Buffer, isTls13: boolean): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  let at = (isTls13 ? 1 + (message[0] ?? 0) : 0) + 3;
  while (at + 3 <= message.length) {
    const end = at + 3 + message.readUIntBE(at, 3);
    certificates.push(message.subarray(at + 3, end));
    at = isTls13 && end + 2 <= message.length ? end + 2 + message.readUInt16BE(end) : end;
  }
  return certificates;
}

/** Of a client in the handshake of TLS 1.3: RFC 8446, 7.3 and 5.2. */
class HandshakeKeys {
  /** Of the cipher suites with this hash. */
  readonly #ciphers: readonly ((nonce: Buffer) => DecipherGCM | DecipherChaCha20Poly1305)[];
  readonly #iv: Buffer;
  #sequence = 0;

  constructor(secret: Buffer) {
    const hash = secret.length === 48 ? "sha384" : "sha256";
    const expand = (label: string, bytes: number): Buffer => {
      const name = Buffer.from(`tls13 ${label}`);
      const info = [Buffer.of(0, bytes, name.length), name, Buffer.of(0, 1)];
      return createHmac(hash, secret).update(Buffer.concat(info)).digest().subarray(0, bytes);
    };
    this.#iv = expand("iv", 12);
    const [short, long] = [expand("key", 16), expand("key", 32)];
    const options = { authTagLength: TAG_BYTES };
    this.#ciphers =
      hash === "sha384"
        ? [(nonce) => createDecipheriv("aes-256-gcm", long, nonce, options)]
        : [
            (nonce) => createDecipheriv("aes-128-gcm", short, nonce, options),
            (nonce) => createDecipheriv("chacha20-poly1305", long, nonce, options),
          ];
  }

  /** Undefined if it is not a record of this handshake. */
  decrypt(record: Buffer): Buffer | undefined {
    if (record.length < RECORD_HEADER_BYTES + TAG_BYTES) return undefined;
    const header = record.subarray(0, RECORD_HEADER_BYTES);
    const text = record.subarray(RECORD_HEADER_BYTES, -TAG_BYTES);
    const nonce = Buffer.from(this.#iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sequence) >>> 0, 8);
    for (const open of this.#ciphers) {
      const decipher = open(nonce);
      decipher.setAAD(header, { plaintextLength: text.length });
      decipher.setAuthTag(record.subarray(-TAG_BYTES));
      const inner = decipher.update(text);
      try {
        decipher.final();
      } catch {
        continue; // The other cipher, or none.
      }
      this.#sequence += 1;
      return inner;
    }
    return undefined;
  }
}
