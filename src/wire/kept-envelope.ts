/** Envelopes that outlive the buffer they came in. */
import { ownBytes } from "./bytes.ts";
import { type Envelope, fieldLength } from "./envelope.ts";
import { PlacedEnvelope, type Places } from "./placed-envelope.ts";

/** One that can be kept: the original may be a view that holds a whole network buffer in memory. */
export function ownedEnvelope(envelope: Envelope): Envelope {
  const bytes = ownBytes(envelope.bytes);
  if (bytes === envelope.bytes) return envelope;
  return new PlacedEnvelope(
    bytes,
    envelope instanceof PlacedEnvelope ? envelope : placesOf(envelope),
  );
}

/** The parts are views of the bytes. */
function placesOf({ bytes, payload, signature, secret }: Envelope): Places {
  const payloadAt = placeIn(bytes, payload);
  const signatureAt = placeIn(bytes, signature);
  const innerAt = secret ? placeIn(bytes, secret.payload) : 0;
  return {
    payloadAt,
    payloadEnd: payloadAt + payload.length,
    signatureAt,
    signatureEnd: signatureAt + signature.length,
    innerAt,
    innerEnd: innerAt + (secret?.payload.length ?? 0),
    sealAt: bytes.length - (secret?.signature.length ?? 0),
  };
}

/** Where a part of the whole begins; an empty one may be anywhere. */
function placeIn(whole: Uint8Array, part: Uint8Array): number {
  if (part.length === 0) return 0;
  if (part.buffer !== whole.buffer) throw new RangeError("a part that is not in its envelope");
  return part.byteOffset - whole.byteOffset;
}

/** Whether both have a secret, and the same: it is all that comes after payload and signature. */
export function haveSameSecret(a: Envelope, b: Envelope): boolean {
  if (!(a instanceof PlacedEnvelope) && a.secret !== undefined && a.secret === b.secret)
    return true;
  const [aAt, bAt] = [secretAtOf(a), secretAtOf(b)];
  const length = a.bytes.length - aAt;
  if (length === 0 || length !== b.bytes.length - bAt) return false;
  for (let i = 0; i < length; i++) if (a.bytes[aAt + i] !== b.bytes[bAt + i]) return false;
  return true;
}

function secretAtOf(envelope: Envelope): number {
  if (envelope instanceof PlacedEnvelope) return envelope.secretAt;
  return fieldLength(envelope.payload.length) + fieldLength(envelope.signature.length);
}
