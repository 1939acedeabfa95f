/** How many signatures were checked, and how long it took. */
import type { Crypto } from "../core/types/host.ts";
import { type Histogram, observe } from "../lib/histogram.ts";

/** Bounds for the seconds of one check: P-256 takes 50 to 100 microseconds, P-384 ten times that. */
export const CHECK_BOUNDS = [50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 20e-3];

/** The same abilities; the seconds of each signature check are added to `seconds`. */
export function meterChecks(crypto: Crypto, seconds: Histogram): Crypto {
  return {
    identify: (bytes) => crypto.identify(bytes),
    verify(identity, payload, signature) {
      const startedMs = performance.now();
      const isValid = crypto.verify(identity, payload, signature);
      observe(seconds, (performance.now() - startedMs) / 1_000);
      return isValid;
    },
  };
}
