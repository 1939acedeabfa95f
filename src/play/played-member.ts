/**
 * One running member of the playground: real core, real connections, and their loop, in virtual
 * time. Operator features of the daemon are omitted.
 */
import { type Core, createCore } from "../core/core.ts";
import type { Effect } from "../core/types/effect.ts";
import type { Crypto, Identity, Random, Signer } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import type { CoreOptions } from "../core/types/options.ts";
import { connectionInputs } from "../node/connection-inputs.ts";
import { identify, type Probing, ping } from "../node/probes.ts";
import { type CoreHost, type CoreLoop, joinCore } from "../node/runtime.ts";
import { signBoth } from "../node/signing.ts";
import { createCounters } from "../observe/counters.ts";
import { createFailures } from "../observe/diagnosis/failures.ts";
import type { EventContent } from "../observe/events.ts";
import type { Connections } from "../transport/connections.ts";
import type { Clock, Network } from "../transport/network.ts";

const SIGNER_TIMEOUT_MS = 10_000;

interface MemberParts {
  readonly core: Omit<CoreOptions, "crypto">;
  readonly crypto: Crypto;
  readonly signer: Signer;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Called with every effect of the core, in order, before it is performed. */
  readonly performed: (effect: Effect) => void;
  /** Called with the events of the connections. */
  readonly published: (event: EventContent) => void;
}

export class PlayedMember {
  readonly core: Core;
  readonly connections: Connections;
  readonly #parts: MemberParts;
  readonly #loop: CoreLoop;
  readonly #probing: Probing;
  #self: Identity;
  #signer: Signer;

  constructor(parts: MemberParts) {
    const { clock, crypto, network, random } = parts;
    this.#parts = parts;
    this.#self = parts.core.self;
    this.#signer = parts.signer;
    const core = createCore({ ...parts.core, crypto }, clock.now());
    this.core = core;
    const give = (input: Input): void => this.#loop.give(input);
    const listener = { give, publish: parts.published, counters: createCounters() };
    const twinSeen = (): void => {};
    const { loop, connections } = joinCore(core, {
      ...{ network, clock, random, crypto },
      signer: (payload) => this.#signer(payload),
      self: () => this.#self,
      events: connectionInputs({ ...listener, twinSeen, disconnected: () => {} }),
      watch: parts.performed,
      perform: (effect) => this.#perform(effect),
    });
    [this.#loop, this.connections] = [loop, connections];
    const failures = createFailures();
    this.#probing = { core, connections: this.connections, failures, clock, give, twinSeen };
  }

  /** The network in memory listens at once. */
  start(): void {
    void this.connections.listen();
    this.#loop.give({ type: "start" });
  }

  stop(): void {
    this.#loop.stop();
    this.connections.close();
    void this.#parts.network.close();
  }

  /** Judges all identities again after the revocation list changed. */
  trustChanged(): void {
    this.#loop.give({ type: "trust-changed" });
  }

  /** Continues with a new certificate. */
  renew(self: Identity, signer: Signer): void {
    this.trustChanged();
    this.#self = self;
    this.#signer = signer;
    this.#loop.give({ type: "renewed", self });
  }

  #perform(effect: Parameters<CoreHost["perform"]>[0]): void {
    switch (effect.type) {
      case "identify":
        identify(this.#probing, effect.endpoint);
        return;
      case "ping":
        ping(this.#probing, effect.pkiId, effect.endpoint);
        return;
      case "sign":
        this.#sign(effect);
        return;
      case "drop":
      case "notify":
    }
  }

  #sign({ token, payload, secret }: Extract<Effect, { type: "sign" }>): void {
    const { clock } = this.#parts;
    const signed = (signature?: Uint8Array, secretSignature?: Uint8Array): void =>
      this.#loop.give({ type: "signed", token, signature, secretSignature });
    signBoth(this.#signer, payload, secret, clock, SIGNER_TIMEOUT_MS, signed);
  }
}
