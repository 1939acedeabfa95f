/** What a host may have us publish about ourselves, and whom it may have us trust. */
import {
  checkArguments,
  GIVEN_AWAY,
  hasMethods,
  isGivenAway,
  isRecord,
  type Kind,
  listOf,
  STRING,
} from "../lib/arguments.ts";
import { GossipError } from "../lib/errors.ts";
import { parseHostPort } from "../lib/host-port.ts";
import type { Msp } from "../msp/msp.ts";
import type { NodeParts } from "./options.ts";

const ENDPOINT: Kind = { ...STRING, words: 'a string: host:port, or ""' };
const MSPS = listOf({
  words: "what loadMsp returns",
  fits: (value) =>
    isRecord(value) &&
    typeof value["mspId"] === "string" &&
    ["roots", "intermediates", "admins"].every((name) => Array.isArray(value[name])) &&
    ["revoked", "roleUnits"].every((name) => value[name] instanceof Map),
});

/** Every heartbeat carries them. */
const METADATA_BYTES_MAX = 4_096;

/** Throws `config-invalid` if these are no metadata that can be published. */
export function checkMetadata(metadata: unknown): void {
  if (!(metadata instanceof Uint8Array)) {
    throw new GossipError("config-invalid", "metadata are bytes: give a Uint8Array");
  }
  if (isGivenAway(metadata)) throw new GossipError("config-invalid", `metadata ${GIVEN_AWAY}`);
  if (metadata.length > METADATA_BYTES_MAX) {
    throw new GossipError(
      "config-invalid",
      `metadata has ${metadata.length} bytes: at most ${METADATA_BYTES_MAX} can be published`,
    );
  }
}

/** Throws `config-invalid` unless it is `host:port`, or empty. */
export function checkEndpoint(endpoint: string): void {
  checkArguments([["setEndpoint", endpoint, ENDPOINT]]);
  const address = endpoint === "" ? undefined : parseHostPort(endpoint);
  if (endpoint !== "" && (!address?.host || address.port === 0)) {
    throw new GossipError("config-invalid", "an endpoint is host:port, or empty to have none");
  }
}

/** Throws `config-invalid` unless these are MSPs. */
export function checkTrust(msps: readonly Msp[]): void {
  checkArguments([["setTrust", msps, MSPS]]);
}

/** Throws `config-invalid` unless a node is made by `start`: in JavaScript no constructor is private. */
export function clockOf(parts: NodeParts): NodeParts["clock"] {
  const given: unknown = parts;
  if (isRecord(given) && hasMethods(given["clock"], ["now"])) return parts.clock;
  const sentence = "new GossipNode() makes no node: write await GossipNode.start(options) instead.";
  throw new GossipError("config-invalid", sentence);
}
