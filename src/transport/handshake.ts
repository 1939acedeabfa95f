/**
 * Who is at the other end of a link? Each side sends a signed ConnEstablish and judges the one it
 * receives (spec A 6.1 and 6.2, Fabric's `authenticateRemotePeer`). The dialler speaks at once; we, as
 * acceptor, when it has spoken: a stranger who says nothing costs no signature.
 */

import { isSignedBy, judgeIdentity } from "../core/handlers/check.ts";
import type { Crypto, Identity, Signer } from "../core/types/host.ts";
import { reasonOf } from "../lib/errors.ts";
import { copyBytes, equalBytes } from "../wire/bytes.ts";
import {
  type Envelope,
  encodeEnvelope,
  encodeMessage,
  parseEnvelope,
  parseMessage,
} from "../wire/envelope.ts";
import { ownedEnvelope } from "../wire/kept-envelope.ts";
import { TAG } from "../wire/messages.ts";
import { parsePkiId, pkiIdBytes } from "../wire/received.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import { isStatusFault, type StatusFault } from "./grpc-status.ts";
import { type HandshakeFault, refusalWords } from "./handshake-fault.ts";
import type { Cancel, Clock, Link, LinkEvents, NetworkFault } from "./network.ts";
import { afterPatiently } from "./patience.ts";
import { isRefusal, type RefusalFault } from "./refusal.ts";

/** What a successful handshake tells. */
export interface Handshake {
  readonly identity: Identity;
  /** The dialler only wanted to know who we are: the stream is not kept (spec A 6.3). */
  readonly probe: boolean;
  /** The signed ConnEstablish: proof of the identity for as long as the connection lives. */
  readonly envelope: Envelope;
}

export interface HandshakeOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly signer: Signer;
  readonly self: Identity;
  /** Whether we only want to know who is there. */
  readonly probe: boolean;
  /** Gets each signature that we make, to tell ourselves from another process with our key. */
  readonly signed?: (signature: Uint8Array) => void;
  /** For our signature and the other side's message (Fabric: `connTimeout`, 2_000). */
  readonly timeoutMs: number;
}

/** Ends of a link that say more than that it has ended. */
type LinkFault = RefusalFault | StatusFault | "protocol" | "message-too-large";

/** One of the two is called, unless cancelled. */
interface HandshakeEvents {
  /** Returns who hears what the link brings from now on; undefined if it was closed instead. */
  accepted(handshake: Handshake): LinkEvents | undefined;
  /** The link is closed. `detail`: what is known of it beside the code. */
  refused(fault: HandshakeFault | LinkFault, detail: string): void;
}

/** No handshake is longer: a certificate and a few hashes. */
const HANDSHAKE_BYTES_MAX = 262_144;

/** Starts the link and shakes hands over it. Cancelling closes the link. */
export function shakeHands(options: HandshakeOptions, events: HandshakeEvents): Cancel {
  const shake = new Shake(options, events);
  return () => shake.cancel();
}

class Shake implements LinkEvents {
  readonly #options: HandshakeOptions;
  readonly #events: HandshakeEvents;
  readonly #cancelTimer: Cancel;
  #isSettled = false;
  /** The first message of a dialler, judged when our own handshake is on its way. */
  #first: Uint8Array | undefined;

  constructor(options: HandshakeOptions, events: HandshakeEvents) {
    const { link, clock, timeoutMs } = options;
    this.#options = options;
    this.#events = events;
    this.#cancelTimer = afterPatiently(clock, timeoutMs, () => this.#refuse("handshake-timeout"));
    if (link.outbound) this.#speak();
    else link.start(this); // Whoever dialled has the first word: it costs us nothing until then.
  }

  /** Signs and sends our handshake. */
  #speak(): void {
    const { link } = this.#options;
    const refuseSoon = (fault: HandshakeFault, detail?: string): void => {
      this.#options.clock.after(0, () => this.#refuse(fault, detail));
    };
    // Nothing is sent to somebody whose identity could not be bound to the connection.
    if (link.remoteCertHash === undefined) {
      refuseSoon("no-tls-certificate");
      return;
    }
    const begin = (own: Envelope): void => {
      if (this.#isSettled) return;
      link.send(own.bytes);
      if (this.#first === undefined) link.start(this);
      else this.#judge(this.#first);
    };
    signHandshake(this.#options, begin, (error) => refuseSoon("signing-failed", reasonOf(error)));
  }

  cancel(): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#options.link.close();
  }

  message(bytes: Uint8Array): void {
    if (this.#isSettled) return;
    if (this.#options.link.outbound) this.#judge(bytes);
    else if (this.#first !== undefined) this.#refuse("wrong-first-message");
    else {
      this.#first = copyBytes(bytes);
      this.#speak();
    }
  }

  #judge(bytes: Uint8Array): void {
    const verdict = judgeHandshake(bytes, this.#options);
    if (verdict.ok) {
      this.#settle();
      const { link } = this.#options;
      link.admit();
      const next = this.#events.accepted(verdict.value);
      if (next !== undefined) link.start(next);
    } else {
      this.#refuse(verdict.code, verdict.reason);
    }
  }

  /** One message of each side does not wait for room. */
  drain(): void {}

  closed(fault: NetworkFault, reason: string): void {
    if (this.#isSettled) return;
    if (!isTelling(fault)) this.#refuse("handshake-closed", reason);
    // A dialler whose first frame broke the rules did not begin as peers do.
    else if (fault === "protocol" && !this.#options.link.outbound) {
      this.#refuse("malformed", reason);
    } else {
      this.#settle();
      this.#events.refused(fault, reason);
    }
  }

  #settle(): void {
    this.#isSettled = true;
    this.#cancelTimer();
  }

  #refuse(fault: HandshakeFault, detail = ""): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#options.link.close(refusalWords(fault, detail));
    this.#events.refused(fault, detail);
  }
}

function isTelling(fault: NetworkFault): fault is LinkFault {
  const isOfFrames = fault === "protocol" || fault === "message-too-large";
  return isOfFrames || isRefusal(fault) || isStatusFault(fault);
}

/** Makes our ConnEstablish. The signer may answer at once or later, and may fail. */
function signHandshake(
  { self, link, probe, signer, signed: note }: HandshakeOptions,
  signed: (envelope: Envelope) => void,
  failed: (error: unknown) => void,
): void {
  const { localCertHash } = link;
  const value = { pkiId: pkiIdBytes(self.pkiId), identity: self.bytes, tlsCertHash: localCertHash };
  const payload = encodeMessage({
    tag: TAG.empty,
    content: { type: "conn-establish", value: { ...value, probe } },
  });
  const finish = (signature: Uint8Array): void => {
    note?.(signature);
    signed(encodeEnvelope({ payload, signature }));
  };
  try {
    const signature = signer(payload);
    if (signature instanceof Promise) signature.then(finish, failed);
    else finish(signature);
  } catch (error) {
    failed(error);
  }
}

/** The checks in Fabric's order: cheap ones first, the signature last. */
function judgeHandshake(
  bytes: Uint8Array,
  { link, crypto, clock }: Pick<HandshakeOptions, "link" | "crypto" | "clock">,
): Verdict<Handshake, HandshakeFault> {
  if (bytes.length > HANDSHAKE_BYTES_MAX) return reject("malformed");
  const received = parseEnvelope(bytes);
  if (!received.ok) return reject("malformed");
  // The identity is kept: let it not hold a whole network buffer in memory.
  const envelope = ownedEnvelope(received.value);
  const message = parseMessage(envelope.payload);
  if (!message.ok) return reject("malformed");
  const { content } = message.value;
  if (content?.type !== "conn-establish") return reject("wrong-first-message");

  const { pkiId: pkiIdField, identity: identityBytes, tlsCertHash, probe } = content.value;
  if (pkiIdField.length === 0) return reject("pki-id-missing");
  if (identityBytes.length === 0) return reject("identity-missing");
  const pkiId = parsePkiId(pkiIdField);
  if (pkiId === undefined) return reject("pki-id-mismatch");
  const identity = judgeIdentity(crypto, identityBytes, pkiId, clock.now());
  if (!identity.ok) return identity;

  // Without TLS there is nothing to bind to, and whatever is claimed is ignored.
  const isTls = link.localCertHash.length > 0;
  if (isTls && !equalBytes(tlsCertHash, link.remoteCertHash ?? new Uint8Array(0))) {
    return reject("tls-binding-mismatch");
  }
  if (!isSignedBy(crypto, identity.value, envelope)) return reject("signature-invalid");
  return accept({ identity: identity.value, probe, envelope });
}
