import { isIP, isIPv4, isIPv6 } from "node:net";

/** A network address taken apart. `host` of an IPv6 literal is without its brackets. */
export interface HostPort {
  /** A name or an IP address; may be empty where that means every interface. */
  readonly host: string;
  /** 0 to 65_535; 0 only where the system may choose the port. */
  readonly port: number;
}

/** Letters, digits, `-`, `.` and, because container names have it, `_`. */
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$/;
const PORT = /^\d{1,5}$/;

/**
 * Takes `host:port` or `[IPv6]:port` apart; undefined if it is neither. The host may be empty
 * (`:7051`), which the caller may refuse.
 */
export function parseHostPort(text: string): HostPort | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return undefined;
  const port = Number(text.slice(colon + 1));
  if (!PORT.test(text.slice(colon + 1)) || port > 65_535) return undefined;
  const host = text.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) {
    const literal = host.slice(1, -1);
    return isIPv6(literal) ? { host: literal, port } : undefined;
  }
  if (host === "" || HOST_NAME.test(host)) return { host, port };
  return undefined;
}

/**
 * An endpoint that can be dialled: a host and a port, neither left out, no scope of one machine.
 * Endpoints come from peers, so this is strict.
 */
export function parseEndpoint(text: string): HostPort | undefined {
  const found = parseHostPort(text);
  return found && found.host !== "" && !found.host.includes("%") && found.port > 0
    ? found
    : undefined;
}

/** The text `parseHostPort` reads: an IPv6 literal gets its brackets back. */
export function formatHostPort({ host, port }: HostPort): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether the host means "every interface", which one can listen on but not dial. */
export function isUnspecified(host: string): boolean {
  if (isIPv4(host)) return host === "0.0.0.0";
  return isIPv6(host) && /^[0:.]+$/.test(host);
}

/** Whether a text is an address, or a network in CIDR form. */
export function isAddressRange(range: string): boolean {
  const [address = "", prefix, ...rest] = range.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    prefix === undefined ||
    (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
  );
}
