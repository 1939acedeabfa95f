/** A core on its own, driven by a script: what peers say, what the network does, how time passes. */
import assert from "node:assert/strict";
import { type Core, createCore, nextDeadlineMs, step } from "../../src/core/core.ts";
import { EPOCH_MS, seededRandom, testIdentity } from "../../src/core/testing-identities.ts";
import { aliveOf } from "../../src/core/testing-messages.ts";
import type { Effect } from "../../src/core/types/effect.ts";
import type { Crypto, Identity, Now, PkiId } from "../../src/core/types/host.ts";
import type { Input } from "../../src/core/types/input.ts";
import {
  type CoreOptions,
  DEFAULT_CORE_LIMITS,
  DEFAULT_FANOUT,
  DEFAULT_TIMING,
} from "../../src/core/types/options.ts";
import { toHex } from "../../src/wire/bytes.ts";
import { ENVELOPE } from "../../src/wire/messages.ts";
import { embedded, message, repeated, table, uint64, type Value } from "../../src/wire/schema.ts";
import { accept, reject } from "../../src/wire/verdict.ts";
import { checkCore, checkEffects, timesOf } from "./invariants.ts";

/** One thing that happens. Numbers are taken modulo what there is. */
export const STEP = table({
  /** Who says it, or whom it is about. */
  who: uint64(1),
  /** What happens; 0 = a message. */
  event: uint64(2),
  /** How long before it, in milliseconds; at most 30_000. */
  waitMs: uint64(3),
  message: embedded(4, ENVELOPE),
});
export const SCRIPT = table({ steps: repeated(message(1, STEP), 40) });
export type Step = Value<typeof STEP>;

export const SELF = testIdentity("A", "self");
/** In A, B and C, which are trusted, and X, which is not. */
export const IDENTITIES: readonly Identity[] = [
  testIdentity("A", "friend"),
  testIdentity("B", "foreigner"),
  testIdentity("A", "mate"),
  testIdentity("C", "third"),
  testIdentity("A", "stranger"),
  testIdentity("B", "neighbour"),
  testIdentity("X", "untrusted"),
  testIdentity("A", "expired", EPOCH_MS - 1),
  testIdentity("A", "soon over", EPOCH_MS + 20_000),
  testIdentity("A", "another"),
  testIdentity("C", "fourth"),
  SELF,
];

/** Small, so that a short script reaches them. */
type Limits = CoreOptions["limits"];
const LIMITS: Limits = {
  ...DEFAULT_CORE_LIMITS,
  membersMax: 5,
  identitiesMax: 7,
  backlogMax: 1,
  stateInfosMax: 3,
  checksPerStep: 1,
  pullItemsMax: 3,
  hellosPerPeerMax: 2,
};

/** A tick that leaves the next deadline where it is, so often, is a busy loop. */
const IDLE_TICKS_MAX = 100;
const TICKS_MAX = 300;
const WAIT_MS_MAX = 30_000n;

/** Trusts by name, and any signature that does not begin with zero: hostile members sign all. */
function lenientCrypto(
  cast: readonly Identity[],
  revoked: ReadonlySet<PkiId>,
): Crypto & { checks: number } {
  const byBytes = new Map(cast.map((identity) => [toHex(identity.bytes), identity]));
  const crypto = {
    checks: 0,
    identify(bytes: Uint8Array) {
      const identity = byBytes.get(toHex(bytes));
      if (identity === undefined) return reject("identity-malformed" as const);
      if (identity.mspId === "X") return reject("identity-unknown-msp" as const);
      if (revoked.has(identity.pkiId)) return reject("identity-revoked" as const);
      return accept(identity);
    },
    verify(_identity: Identity, _payload: Uint8Array, signature: Uint8Array) {
      crypto.checks += 1;
      return signature[0] !== 0;
    },
  };
  return crypto;
}

export class CoreHost {
  readonly core: Core;
  /** Everything that was sent, oldest first. */
  readonly sent: Extract<Effect, { type: "send" }>[] = [];
  readonly drops = new Set<string>();
  readonly #revoked = new Set<PkiId>();
  readonly #cast: readonly Identity[];
  readonly #limits: Limits;
  readonly #crypto: Crypto & { checks: number };
  #elapsedMs = 0;
  #ticksLeft = TICKS_MAX;

  /** `cast`: who there is; the first three are connected and known. */
  constructor(cast: readonly Identity[] = IDENTITIES, limits: Partial<Limits> = {}) {
    this.#cast = cast;
    this.#limits = { ...LIMITS, ...limits };
    this.#crypto = lenientCrypto(cast, this.#revoked);
    const options: CoreOptions = {
      self: SELF,
      internalEndpoint: "self:1",
      externalEndpoint: "self.example.com:1",
      metadata: new Uint8Array(0),
      bootstrap: ["boot:1"],
      anchorPeers: ["anchor:1"],
      lastIncarnation: 0n,
      timing: DEFAULT_TIMING,
      fanout: DEFAULT_FANOUT,
      limits: this.#limits,
      crypto: this.#crypto,
      random: seededRandom(7),
    };
    this.core = createCore(options, this.#now());
    this.give({ type: "start" });
    for (const identity of cast.slice(0, 3)) {
      this.give({ type: "connected", identity });
      const endpoint = `${identity.subject.slice(3)}:1`;
      this.give({ type: "message", from: identity.pkiId, bytes: aliveOf(identity, { endpoint }) });
    }
    this.sent.length = 0;
    this.drops.clear();
  }

  /** Waits, then does what the step says. */
  perform(scripted: Step): void {
    this.#wait(Number(scripted.waitMs > WAIT_MS_MAX ? WAIT_MS_MAX : scripted.waitMs));
    this.give(this.#inputOf(scripted));
  }

  /** Lets the core do all it still has to do, and say hello to those who are left. */
  finish(): void {
    this.#ticksLeft = TICKS_MAX;
    this.#wait(6_000);
  }

  #now(): Now {
    return { elapsedMs: this.#elapsedMs, wallMs: EPOCH_MS + this.#elapsedMs };
  }

  /** One step with all checks; signatures are made at once. */
  give(input: Input): void {
    const { core } = this;
    const before = timesOf(core);
    const now = this.#now();
    this.#crypto.checks = 0;
    const effects = step(core, input, now);
    assert.ok(
      this.#crypto.checks <= 2 * (this.#limits.checksPerStep + 2),
      "too many signatures checked",
    );
    checkCore(core, before, now);
    checkEffects(core, effects, (id) => this.#cast.find(({ pkiId }) => pkiId === id)?.mspId);
    for (const effect of effects) {
      if (effect.type === "send") this.sent.push(effect);
      if (effect.type === "drop") this.drops.add(effect.code);
      if (effect.type !== "sign") continue;
      const { token } = effect;
      const signature = Uint8Array.of(1);
      this.give({ type: "signed", token, signature, secretSignature: signature });
    }
  }

  #wait(ms: number): void {
    const untilMs = this.#elapsedMs + ms;
    for (let idle = 0; this.#ticksLeft > 0; this.#ticksLeft--) {
      const dueMs = Math.max(this.#elapsedMs, nextDeadlineMs(this.core));
      if (dueMs > untilMs) break;
      idle = dueMs > this.#elapsedMs ? 0 : idle + 1;
      assert.ok(idle < IDLE_TICKS_MAX, "a busy loop");
      this.#elapsedMs = dueMs;
      this.give({ type: "tick" });
    }
    this.#elapsedMs = untilMs;
    this.give({ type: "tick" });
  }

  #inputOf({ who, event, message }: Step): Input {
    const cast = this.#cast;
    const identity = cast[Number(who % BigInt(cast.length))] ?? SELF;
    const { pkiId } = identity;
    const peer = identity.mspId === "X" || pkiId === SELF.pkiId ? (cast[0] ?? SELF) : identity;
    const endpoint = who % 2n === 0n ? "boot:1" : "anchor:1";
    const reason = "fuzz";
    switch (Number(event % 12n)) {
      case 1:
        return { type: "connected", identity: peer };
      case 2:
        return { type: "connection-lost", pkiId };
      case 3:
        return { type: "send-failed", pkiId, endpoint };
      case 4:
        return { type: "pinged", pkiId, reachable: true };
      case 5:
        return { type: "pinged", pkiId, reachable: false };
      case 6:
        return { type: "identified", endpoint, identity: peer };
      case 7:
        return {
          type: "identified",
          endpoint,
          identity: undefined,
          fault: { code: reason, detail: "" },
        };
      case 8:
        return { type: "replaced", old: pkiId, identity: cast[9] ?? SELF };
      case 9:
        if (!this.#revoked.delete(peer.pkiId)) this.#revoked.add(peer.pkiId);
        return { type: "trust-changed" };
      case 10:
        return { type: "set-endpoint", externalEndpoint: who % 2n === 0n ? "" : "self2:1" };
      case 11:
        return { type: "tick" };
      default:
        return { type: "message", from: peer.pkiId, bytes: message };
    }
  }
}
