/** An alive message, read once at the edge: everything the core needs, nothing that can be wrong. */

import { sameView } from "../../wire/bytes.ts";
import type { Envelope } from "../../wire/envelope.ts";
import {
  internalEndpointOf,
  ownedEnvelope,
  parseEnvelope,
  parseMessage,
} from "../../wire/envelope.ts";
import type { AliveMessage } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { AliveFault } from "../types/drop.ts";
import type { Alive, ReadMessage } from "../types/member.ts";
import { parsePkiId } from "./pki-id.ts";

/**
 * Longer alive messages are refused: they are kept for every member and passed on. Bytes of the
 * whole envelope; a real one has 160 to 1_200.
 */
const ALIVE_BYTES_MAX = 8_192;

/** Reads the alive message out of its decoded content. */
export function readAlive(envelope: Envelope, message: AliveMessage): Verdict<Alive, AliveFault> {
  if (envelope.bytes.length > ALIVE_BYTES_MAX) return reject("too-large");
  const { membership, timestamp } = message;
  const pkiId = membership && parsePkiId(membership.pkiId);
  if (!membership || !pkiId || !timestamp || envelope.signature.length === 0) {
    return reject("alive-incomplete");
  }
  return accept({
    pkiId,
    endpoint: membership.endpoint,
    internalEndpoint: envelope.secret && internalEndpointOf(envelope.secret),
    metadata: membership.metadata,
    time: timestamp,
    identity: message.identity,
    envelope,
  });
}

/** Reads any message, alone or nested in another one. */
export const readMessage: ReadMessage = (bytes) => {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return message;
  const { content } = message.value;
  const alive = content?.type === "alive" ? readAlive(envelope.value, content.value) : NOT_ALIVE;
  return accept({ envelope: envelope.value, message: message.value, alive });
};

const NOT_ALIVE = reject("not-alive");

/** Reads an alive message nested in a membership request or response. Its tag is not looked at. */
export function parseAlive(bytes: Uint8Array, read = readMessage): Verdict<Alive, AliveFault> {
  const message = read(bytes);
  return message.ok ? message.value.alive : message;
}

/** The same message in memory of its own, to be kept longer than the buffer it arrived in. */
export function ownedAlive(alive: Alive): Alive {
  const envelope = ownedEnvelope(alive.envelope);
  if (envelope === alive.envelope) return alive;
  const [whole, copy] = [alive.envelope.bytes, envelope.bytes];
  return {
    ...alive,
    metadata: sameView(alive.metadata, whole, copy),
    identity: sameView(alive.identity, whole, copy),
    envelope,
  };
}
