/** The item that is pulled: the signed identity of somebody. */

import { EMPTY_BYTES } from "../../wire/bytes.ts";
import type { WireFault } from "../../wire/decode.ts";
import { parseEnvelope, parseMessage } from "../../wire/envelope.ts";
import { PULL_TYPE, TAG } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { Claim } from "../types/claim.ts";
import type { PkiId } from "../types/host.ts";
import type { PullSubject } from "../types/pull.ts";
import { parsePkiId, pkiIdBytes } from "./pki-id.ts";

export const IDENTITY_PULL: PullSubject<PkiId> = {
  msgType: PULL_TYPE.identity,
  tag: TAG.empty,
  channel: EMPTY_BYTES,
  parseId: parsePkiId,
  encodeId: pkiIdBytes,
  parseItem: parseIdentityItem,
};

/** Longer items are refused: they are kept and handed on. A real one has about 1_000 bytes. */
const IDENTITY_BYTES_MAX = 65_536;

function parseIdentityItem(
  bytes: Uint8Array,
  from: PkiId,
): Verdict<{ id: PkiId; claim: Claim }, WireFault | "not-an-identity"> {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return message;
  const { content } = message.value;
  if (content?.type !== "peer-identity") return reject("not-an-identity");
  const id = parsePkiId(content.value.pkiId);
  if (id === undefined) return reject("not-an-identity");
  if (bytes.length > IDENTITY_BYTES_MAX) return reject("too-large");
  const item = { pkiId: id, certificate: content.value.cert, envelope: envelope.value };
  return accept({ id, claim: { type: "identity", from, item } });
}
