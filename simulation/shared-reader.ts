/**
 * Reads each signed message once for all members of a world: what a message says follows from its
 * bytes, and a thousand members that each keep a copy of their own neither fit into memory nor into
 * a processor's cache.
 */

import { EMPTY_BYTES, equalBytes, ownBytes } from "../src/wire/bytes.ts";
import type { SecretEnvelope } from "../src/wire/messages.ts";
import { type ReadMessage, readMessage } from "../src/wire/received.ts";
import { accept } from "../src/wire/verdict.ts";
import type { SimulatedAuthority } from "./authority.ts";
import { rememberedIn } from "./remembered.ts";
import { glance } from "./wire-kind.ts";

interface Entry {
  readonly bytes: Uint8Array;
  readonly verdict: ReturnType<ReadMessage>;
}

/** Endpoints remembered: members have two at most, but hostile ones name others. */
const ENDPOINTS_MAX = 2 ** 15;

/** Secrets remembered, by member. */
const SECRETS_MAX = 2 ** 15;

/** `authority`: knows the text of most PKI-IDs already. `size`: members of its world. */
export function createSharedReader(
  authority?: Pick<SimulatedAuthority, "find">,
  size?: number,
): ReadMessage {
  const remembered = rememberedIn(size);
  const entries = new Array<Entry | undefined>(remembered);
  const endpoints = new Map<string, string>();
  const sameSecret = createSecrets();

  /** One object for each text: tables find a key at once if it is the very object that they hold. */
  function sameText(endpoint: string): string {
    const known = endpoints.get(endpoint);
    if (known !== undefined) return known;
    if (endpoints.size >= ENDPOINTS_MAX) endpoints.clear();
    endpoints.set(endpoint, endpoint);
    return endpoint;
  }

  function shared(verdict: ReturnType<ReadMessage>): ReturnType<ReadMessage> {
    if (!verdict.ok || !verdict.value.alive.ok) return verdict;
    const read = verdict.value.alive.value;
    const { endpoint, internalEndpoint, pkiId, envelope: own } = read;
    const issued = authority?.find(pkiId)?.identity.pkiId;
    const { bytes, payload, signature, secret: ownSecret } = own;
    const secret = ownSecret && sameSecret(pkiId, ownSecret);
    const envelope = { bytes, payload, signature, secret };
    const alive = {
      ...read,
      pkiId: issued === pkiId ? issued : pkiId,
      endpoint: sameText(endpoint),
      internalEndpoint: internalEndpoint && sameText(internalEndpoint),
      envelope,
    };
    return accept({ ...verdict.value, envelope, alive: accept(alive) });
  }

  return (bytes) => {
    const { number } = glance(bytes);
    if (number < 0) return readUnsigned(bytes);
    const slot = number % remembered;
    const known = entries[slot];
    if (known !== undefined && equalBytes(known.bytes, bytes)) return known.verdict;
    // Copied, since a view of a list entry would retain the whole list.
    const kept = ownBytes(bytes);
    const verdict = shared(readMessage(kept));
    entries[slot] = { bytes: kept, verdict };
    return verdict;
  };
}

let last: Entry = { bytes: EMPTY_BYTES, verdict: readMessage(EMPTY_BYTES) };

/** Checkers read a message without signature right before its receiver does. */
export function readUnsigned(bytes: Uint8Array): ReturnType<ReadMessage> {
  if (last.bytes !== bytes) last = { bytes, verdict: readMessage(bytes) };
  return last.verdict;
}

/** A member shows the same secret with each message: who has checked it knows it at once. */
function createSecrets(): (pkiId: string, secret: SecretEnvelope) => SecretEnvelope {
  const secrets = new Map<string, SecretEnvelope>();
  return (pkiId, secret) => {
    const known = secrets.get(pkiId);
    const isSame =
      known !== undefined &&
      equalBytes(known.signature, secret.signature) &&
      equalBytes(known.payload, secret.payload);
    if (isSame) return known;
    if (secrets.size >= SECRETS_MAX) secrets.clear();
    secrets.set(pkiId, secret);
    return secret;
  };
}
