/** What a host may have us publish about ourselves. */

import { GossipError } from "../lib/errors.ts";
import { parseHostPort } from "../lib/host-port.ts";

/** Every heartbeat carries them. */
const METADATA_BYTES_MAX = 4_096;

/** Throws `config-invalid` if these are no metadata that can be published. */
export function checkMetadata(metadata: unknown): void {
  if (!(metadata instanceof Uint8Array)) {
    throw new GossipError("config-invalid", "metadata are bytes: give a Uint8Array");
  }
  if (metadata.length > METADATA_BYTES_MAX) {
    throw new GossipError(
      "config-invalid",
      `metadata has ${metadata.length} bytes: at most ${METADATA_BYTES_MAX} can be published`,
    );
  }
}

/** Throws `config-invalid` unless it is `host:port`, or empty. */
export function checkEndpoint(endpoint: string): void {
  const address = endpoint === "" ? undefined : parseHostPort(endpoint);
  if (endpoint !== "" && (!address?.host || address.port === 0)) {
    throw new GossipError("config-invalid", "an endpoint is host:port, or empty to have none");
  }
}
