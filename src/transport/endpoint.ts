import { isIP } from "node:net";

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/**
 * `host:port`: a host name, an IPv4 address, or an IPv6 address in brackets. Undefined if it is
 * anything else. Endpoints come from peers, so this is strict.
 */
export function parseEndpoint(endpoint: string): HostAndPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,255})):(\d{1,5})$/.exec(endpoint);
  if (match === null) return undefined;
  const host = match[1] ?? match[2] ?? "";
  const port = Number(match[3]);
  if (port < 1 || port > 65_535) return undefined;
  if (match[1] !== undefined && isIP(host) !== 6) return undefined;
  return { host, port };
}

/** The text form of a socket address, as {@link parseEndpoint} reads it. */
export function formatEndpoint(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
