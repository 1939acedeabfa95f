/**
 * Which addresses are not dialled on a member's word. What a member says of itself is signed but not
 * true: it could have us knock at doors that only we can reach. Endpoints that our own user has named
 * are exempt.
 */
import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { parseResolved, type Resolved } from "../lib/bootstrap-name.ts";
import { formatHostPort, type HostPort, parseEndpoint } from "../lib/host-port.ts";

export interface DialRules {
  /** Addresses (`169.254.169.254`) and networks (`fe80::/10`). */
  readonly deny: readonly string[];
  /** Ports of this machine that are not gossip: its operations endpoint. */
  readonly ownPorts: readonly number[];
  /** Hosts at which we and our contacts are: if one is this machine itself, loopback is dialled. */
  readonly homes: readonly string[];
  /** `host:port` that are dialled all the same. */
  readonly exempt: readonly string[];
}

export class DialFilter {
  readonly #denied = new BlockList();
  /** The addresses of this machine. */
  readonly #own = new BlockList();
  readonly #loopback = new BlockList();
  /** Members are on this machine: they are found by its loopback addresses. */
  #isHome = false;
  readonly #ownPorts: ReadonlySet<number>;
  readonly #exempt: ReadonlySet<string>;
  #named: ReadonlySet<string> = new Set();

  constructor({ deny, exempt, homes, ownPorts }: DialRules) {
    this.#ownPorts = new Set(ownPorts);
    this.#exempt = new Set(exempt);
    for (const list of [this.#own, this.#loopback]) {
      list.addSubnet("127.0.0.0", 8);
      list.addAddress("::1", "ipv6");
    }
    for (const host of homes) this.#noteHome(host);
    for (const { address } of Object.values(networkInterfaces()).flatMap((found) => found ?? [])) {
      this.#own.addAddress(address, familyOf(address));
    }
    for (const range of deny) {
      const [address = "", prefix] = range.split("/");
      if (prefix === undefined) this.#denied.addAddress(address, familyOf(address));
      else this.#denied.addSubnet(address, Number(prefix), familyOf(address));
    }
  }

  /** Endpoints that names of our user lead to, in place of the former ones. They are exempt. */
  setNamed(endpoints: readonly string[]): void {
    for (const endpoint of endpoints) {
      if (this.#named.has(endpoint)) continue;
      this.#noteHome((parseResolved(endpoint)?.address ?? parseEndpoint(endpoint))?.host ?? "");
    }
    this.#named = new Set(endpoints);
  }

  /** Where a name of our user leads to, if this endpoint is one of those. */
  resolved(endpoint: string): Resolved | undefined {
    return this.#named.has(endpoint) ? parseResolved(endpoint) : undefined;
  }

  /** How a host is resolved; undefined if it must not be dialled at all. */
  resolver({ host, port }: HostPort): LookupFunction | undefined {
    const endpoint = formatHostPort({ host, port });
    if (this.#exempt.has(endpoint) || this.#named.has(endpoint)) return lookup as LookupFunction;
    if (isIP(host) !== 0)
      return this.#isDenied(host, port) ? undefined : (lookup as LookupFunction);
    return (name, options, done) => {
      lookup(name, { ...options, all: true }, (error, found) => {
        if (error) return done(error, "");
        const allowed = found.filter(({ address }) => !this.#isDenied(address, port));
        const [first] = allowed;
        if (first === undefined) return done(new DeniedError(name), "");
        return options.all ? done(null, allowed) : done(null, first.address, first.family);
      });
    };
  }

  /** A name is resolved meanwhile; nobody is dialled as early as that. */
  #noteHome(host: string): void {
    if (isIP(host) !== 0) this.#isHome ||= this.#loopback.check(host, familyOf(host));
    else if (host !== "") {
      lookup(host, { all: true }, (_error, found = []) => {
        for (const { address } of found) this.#noteHome(address);
      });
    }
  }

  #isDenied(address: string, port: number): boolean {
    const family = familyOf(address);
    const isHome = this.#isHome && this.#loopback.check(address, family);
    if (!isHome && this.#denied.check(address, family)) return true;
    return this.#ownPorts.has(port) && this.#own.check(address, family);
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

/** A name leads to nothing but addresses that are not dialled. */
export class DeniedError extends Error {
  constructor(host: string) {
    super(`${host} is an address that is not dialled on a member's word`);
  }
}
