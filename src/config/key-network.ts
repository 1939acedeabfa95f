/** Keys whose values are endpoints, addresses and names of the network. */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { parseBootstrapName } from "../lib/bootstrap-name.ts";
import {
  formatHostPort,
  type HostPort,
  isAddressRange,
  parseEndpoint,
  parseHostPort,
} from "../lib/host-port.ts";
import { type About, type Key, key, wrong } from "./key.ts";
import type { Parsed } from "./range.ts";
import { readAll, readList } from "./read-list.ts";

/** Where to listen: `host:port`, `[IPv6]:port` or `:port` (every interface). Port 0 = any free. */
export function listenAddress<A extends HostPort | undefined>(
  name: string,
  about: About<A>,
): Key<HostPort | A> {
  const words = about.absent === undefined ? "" : formatHostPort(about.absent);
  return key<HostPort | A>(name, "`host:port`", { byDefault: words, ...about }, (raw) => {
    const found = parseHostPort(String(raw));
    if (found === undefined) {
      return wrong(raw, "no address", `write host:port, for example ${words}`);
    }
    return { value: found.host === "" ? { ...found, host: "0.0.0.0" } : found };
  });
}

/** An endpoint at which others reach a member: `host:port` with a host. Empty stays empty. */
export function endpoint(name: string, about: About<string>): Key<string> {
  return key(name, "`host:port`", about, (raw) => readEndpoint(raw));
}

/** Several endpoints: a YAML list, or one text separated by spaces or commas. */
export function endpoints(name: string, about: About<readonly string[]>): Key<readonly string[]> {
  return key(name, "list of `host:port`", about, (raw) =>
    readAll(name, readList(raw), readEndpoint),
  );
}

/** Several names of DNS: a YAML list, or one text separated by spaces or commas. */
export function dnsNames(name: string, about: About<readonly string[]>): Key<readonly string[]> {
  return key(name, "list of `host:port` and services", about, (raw) =>
    readAll(name, readList(raw), (item) => {
      const value = String(item);
      if (parseBootstrapName(value) !== undefined) return { value };
      if (isIP(parseEndpoint(value)?.host ?? "") !== 0) {
        return wrong(item, "an address, no name", "list it under peer.gossip.bootstrap");
      }
      const remedy = "write host:port, or a service: _gossip._tcp.example.com";
      return wrong(item, "no name of DNS", remedy);
    }),
  );
}

/** Servers by address, with or without port: a YAML list, or one text separated by spaces or commas. */
export function addresses(name: string, about: About<readonly string[]>): Key<readonly string[]> {
  return key(name, "list of addresses", about, (raw) =>
    readAll(name, readList(raw), (item) => {
      const value = String(item);
      const host = isIP(value) === 0 ? parseEndpoint(value)?.host : value;
      if (isIP(host ?? "") !== 0) return { value };
      return wrong(item, "no address of a server", "write for example 10.96.0.10 or 10.96.0.10:53");
    }),
  );
}

/** Addresses and networks in CIDR form: a YAML list, or one text separated by spaces or commas. */
export function addressRanges(
  name: string,
  about: About<readonly string[]>,
): Key<readonly string[]> {
  return key(name, "list of addresses and networks", about, (raw) =>
    readAll(name, readList(raw), (item) => {
      const range = String(item);
      if (isAddressRange(range)) return { value: range };
      const remedy = "write for example 169.254.169.254, 10.0.0.0/8 or fe80::/10";
      return wrong(item, "no address and no network", remedy);
    }),
  );
}

function readEndpoint(raw: unknown): Parsed<string> {
  const found = parseHostPort(String(raw));
  if (found !== undefined && found.host !== "" && found.port > 0) return { value: String(raw) };
  return wrong(raw, "no endpoint", endpointRemedy(String(raw)));
}

function endpointRemedy(text: string): string {
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) {
    return "write an IPv6 address in brackets, for example [2001:db8::1]:7051";
  }
  if (/\$[{(]|\{\{|^<.*>/.test(text))
    return "write host:port where a template has been left as it was";
  // Without a scheme and a path; and as DNS knows a name that is not in ASCII.
  const bare = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/]*)(?:\/.*)?$/i.exec(text)?.[1] ?? "";
  const colon = bare.lastIndexOf(":");
  const ascii = colon < 1 ? "" : domainToASCII(bare.slice(0, colon)) + bare.slice(colon);
  const meant = [bare, ascii].find((one) => parseEndpoint(one) !== undefined);
  return `write ${meant ?? "host:port, for example peer0.org1.example.com:7051"}`;
}
