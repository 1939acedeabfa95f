/** What is measured around a running node: its network, its cryptography, its TLS certificates. */
import { X509Certificate } from "node:crypto";
import { createHistogram, type Histogram } from "../lib/histogram.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { CHECK_BOUNDS } from "./checks-meter.ts";
import { createMeteredTraffic, type MeteredTraffic } from "./traffic-meter.ts";

export interface Meters {
  readonly traffic: MeteredTraffic;
  /** Of signature checks. */
  readonly checks: Histogram;
  /** By role, server or client: when the certificate expires, milliseconds since the epoch. */
  tlsNotAfterMs: ReadonlyMap<string, number>;
}

export function createMeters(tls: TlsCredentials | undefined): Meters {
  return {
    traffic: createMeteredTraffic(),
    checks: createHistogram(CHECK_BOUNDS),
    tlsNotAfterMs: tlsNotAfterMs(tls),
  };
}

/** Empty without TLS. */
export function tlsNotAfterMs(tls: TlsCredentials | undefined): ReadonlyMap<string, number> {
  if (tls === undefined) return new Map();
  const { cert, clientCert = cert } = tls;
  return new Map([
    ["server", new X509Certificate(cert).validToDate.getTime()],
    ["client", new X509Certificate(clientCert).validToDate.getTime()],
  ]);
}
