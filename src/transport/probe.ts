import type { Identity } from "../core/types/host.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import { type Handshake, type HandshakeOptions, shakeHands } from "./handshake.ts";
import type { HandshakeFault } from "./handshake-fault.ts";
import type { Cancel, Link, LinkEvents, Network, NetworkFault } from "./network.ts";
import type { OwnHandshakes } from "./own-handshakes.ts";
import { afterPatiently } from "./patience.ts";

/** Who answered a probe. */
interface Probed {
  readonly identity: Identity;
  /** SHA-256 of its TLS certificate; empty without TLS. */
  readonly certHash: Uint8Array;
  readonly remoteAddress: string;
  /** It has our identity, and is another process than we. */
  readonly isTwin: boolean;
}

type ProbeFault = NetworkFault | HandshakeFault;

export type ProbeDone = (verdict: Verdict<Probed, ProbeFault>, reason: string) => void;

interface ProbeOptions extends Omit<HandshakeOptions, "link" | "probe"> {
  readonly network: Network;
  /** From dial to answer, in milliseconds. */
  readonly probeTimeoutMs: number;
  /** False: the other side takes it for a connection, and sees who we are. Default true. */
  readonly isProbe?: boolean;
  /** Whether a handshake shows another process with our identity. */
  readonly isTwin?: (handshake: Handshake) => boolean;
  readonly keep?: Keep;
}

/** Learns who listens on the endpoint. A probe is registered by neither side (spec A 6.3). */
function probe(endpoint: string, options: ProbeOptions, done: ProbeDone): Cancel {
  const { network, clock, probeTimeoutMs } = options;
  let cancelStep: Cancel = () => {};
  const finish: ProbeDone = (verdict, reason) => {
    cancelTimer();
    done(verdict, reason);
  };
  const cancelTimer = afterPatiently(clock, probeTimeoutMs, () => {
    cancelStep();
    done(reject("timeout"), `no answer within ${probeTimeoutMs} ms`);
  });
  cancelStep = network.dial(endpoint, {
    failed: (fault, reason) => finish(reject(fault), reason),
    opened(link) {
      cancelStep = shakeHands(
        { ...options, link, probe: options.isProbe ?? true },
        {
          refused: (fault, reason) => finish(reject(fault), reason),
          accepted(handshake) {
            const { identity } = handshake;
            const { remoteAddress, remoteCertHash: certHash = new Uint8Array(0) } = link;
            const isTwin = options.isTwin?.(handshake) ?? false;
            const kept = options.keep?.(link, handshake);
            if (kept === undefined) link.close();
            finish(accept({ identity, certHash, remoteAddress, isTwin }), "");
            return kept;
          },
        },
      );
    },
  });
  return () => {
    cancelTimer();
    cancelStep();
  };
}

/** Between two times that we show ourselves to a process with our identity. */
const SHOW_PAUSE_MS = 60_000;

/** Takes over a link that is no probe; undefined: it does not, and the link is closed. */
export type Keep = (link: Link, handshake: Handshake) => LinkEvents | undefined;

/** The probes under way. */
export class Probes {
  readonly #network: Network;
  readonly #own: OwnHandshakes;
  readonly #timeoutMs: number;
  readonly #cancels = new Set<Cancel>();
  #showAgainMs = 0;

  constructor(network: Network, own: OwnHandshakes, timeoutMs: number) {
    this.#network = network;
    this.#own = own;
    this.#timeoutMs = timeoutMs;
  }

  start(endpoint: string, done: ProbeDone, keep?: Keep): Cancel {
    const isTwin = (handshake: Handshake): boolean => this.#own.isTwin(handshake);
    const [network, probeTimeoutMs] = [this.#network, this.#timeoutMs];
    const options = { ...this.#own.options(), network, probeTimeoutMs, isTwin };
    const kept = keep ? { isProbe: false, keep } : {};
    return this.#follow(endpoint, { ...options, ...kept }, (verdict, reason) => {
      if (!keep && verdict.ok && verdict.value.isTwin) this.#showOurselves(endpoint, options);
      done(verdict, reason);
    });
  }

  #follow(endpoint: string, options: ProbeOptions, done: ProbeDone): Cancel {
    const cancel = probe(endpoint, options, (...answer) => {
      this.#cancels.delete(cancel);
      done(...answer);
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  /** Who has our identity hears nothing of our probes: one handshake that is none tells it. */
  #showOurselves(endpoint: string, options: ProbeOptions): void {
    const { elapsedMs } = options.clock.now();
    if (elapsedMs < this.#showAgainMs) return;
    this.#showAgainMs = elapsedMs + SHOW_PAUSE_MS;
    this.#follow(endpoint, { ...options, isProbe: false }, () => {});
  }

  cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
  }
}
