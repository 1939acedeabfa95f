import type { Identity } from "../core/types/host.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import {
  type Handshake,
  type HandshakeFault,
  type HandshakeOptions,
  shakeHands,
} from "./handshake.ts";
import type { Cancel, Network, NetworkFault } from "./network.ts";

/** Who answered a probe. */
export interface Probed {
  readonly identity: Identity;
  /** SHA-256 of its TLS certificate; empty without TLS. */
  readonly certHash: Uint8Array;
  readonly remoteAddress: string;
  /** It has our identity, and is another process than we. */
  readonly isTwin: boolean;
}

export type ProbeFault = NetworkFault | HandshakeFault;

export type ProbeDone = (verdict: Verdict<Probed, ProbeFault>, reason: string) => void;

export interface ProbeOptions extends Omit<HandshakeOptions, "link" | "probe"> {
  readonly network: Network;
  /** From dial to answer, in milliseconds. */
  readonly probeTimeoutMs: number;
  /** Whether a handshake shows another process with our identity. */
  readonly isTwin?: (handshake: Handshake) => boolean;
}

/** Learns who listens on the endpoint. The other side registers nothing (spec A 6.3). */
export function probe(endpoint: string, options: ProbeOptions, done: ProbeDone): Cancel {
  const { network, clock, probeTimeoutMs } = options;
  let cancelStep: Cancel = () => {};
  const finish: ProbeDone = (verdict, reason) => {
    cancelTimer();
    done(verdict, reason);
  };
  const cancelTimer = clock.after(probeTimeoutMs, () => {
    cancelStep();
    done(reject("timeout"), `no answer within ${probeTimeoutMs} ms`);
  });
  cancelStep = network.dial(endpoint, {
    failed: (fault, reason) => finish(reject(fault), reason),
    opened(link) {
      cancelStep = shakeHands(
        { ...options, link, probe: true },
        {
          refused: (fault, reason) => finish(reject(fault), reason),
          accepted(handshake) {
            const { identity } = handshake;
            const { remoteAddress, remoteCertHash: certHash = new Uint8Array(0) } = link;
            link.close();
            const isTwin = options.isTwin?.(handshake) ?? false;
            finish(accept({ identity, certHash, remoteAddress, isTwin }), "");
            return undefined;
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

/** The probes under way. */
export class Probes {
  readonly #cancels = new Set<Cancel>();

  start(endpoint: string, options: ProbeOptions, done: ProbeDone): Cancel {
    const cancel = probe(endpoint, options, (verdict, reason) => {
      this.#cancels.delete(cancel);
      done(verdict, reason);
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
  }
}
