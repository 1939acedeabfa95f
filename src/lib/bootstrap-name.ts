/** DNS names under which members are found, and the endpoints that they lead to. */
import { isIP } from "node:net";
import { formatHostPort, type HostPort, parseEndpoint, parseHostPort } from "./host-port.ts";

/** `host:port`, whose addresses are members, or a service (`_gossip._tcp.example.com`), whose targets are. */
export type BootstrapName =
  | { readonly type: "host"; readonly host: string; readonly port: number }
  | { readonly type: "service"; readonly name: string };

const SERVICE = /^_[a-z0-9-]{1,63}\._(?:tcp|udp)\.([a-z0-9_.-]{1,200})$/i;
const HOST_LENGTH_MAX = 253;

/** Undefined if it is neither. An address is no name. */
export function parseBootstrapName(text: string): BootstrapName | undefined {
  if (SERVICE.test(text) && isHostName(text)) return { type: "service", name: text };
  const found = text.startsWith("_") ? undefined : parseEndpoint(text);
  if (found === undefined || isIP(found.host) !== 0 || !isHostName(found.host)) return undefined;
  return { type: "host", ...found };
}

/** Dots stand between labels, and one may stand at the end. */
export function isHostName(host: string): boolean {
  const labels = host.replace(/\.$/, "").split(".");
  return (
    host.length <= HOST_LENGTH_MAX &&
    labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label))
  );
}

/** An address that a name led to: dialled there, while TLS asks for a certificate of the name. */
export interface Resolved {
  readonly host: string;
  readonly address: HostPort;
}

/** `name/address:port`, as resolved endpoints are written in Java. */
export function formatResolved({ host, address }: Resolved): string {
  return `${host}/${formatHostPort(address)}`;
}

export function parseResolved(text: string): Resolved | undefined {
  const slash = text.indexOf("/");
  const address = slash < 1 ? undefined : parseHostPort(text.slice(slash + 1));
  if (address === undefined || isIP(address.host) === 0 || address.port === 0) return undefined;
  return { host: text.slice(0, slash), address };
}
