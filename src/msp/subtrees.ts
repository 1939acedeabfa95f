/**
 * Sets of name constraints with a fast lookup: sorted, without those contained in others, as Go
 * keeps them. Strangers send thousands of names, so a linear search would take too long.
 */

/** Comparison of constraints: their order, and what each covers. */
interface Order<Constraint, Name> {
  readonly compare: (a: Constraint, b: Constraint) => number;
  readonly isWithin: (inner: Constraint, outer: Constraint) => boolean;
  readonly locate: (constraint: Constraint, name: Name) => number;
  readonly covers: (constraint: Constraint, name: Name) => boolean;
}

/** Whether any constraint covers a name. */
export type Search<Name> = (name: Name) => boolean;

function searchIn<Constraint, Name>(
  constraints: readonly Constraint[],
  order: Order<Constraint, Name>,
): Search<Name> {
  const kept: Constraint[] = [];
  for (const each of constraints.toSorted(order.compare)) {
    const last = kept.at(-1);
    if (last === undefined || !order.isWithin(each, last)) kept.push(each);
  }
  return (name) => {
    let low = 0;
    for (let high = kept.length; low < high; ) {
      const middle = (low + high) >>> 1;
      const constraint = kept[middle] as Constraint;
      if (order.locate(constraint, name) < 0) low = middle + 1;
      else high = middle;
    }
    const [exact, nearest] = [kept[low], kept[Math.max(0, low - 1)]];
    if (exact !== undefined && order.locate(exact, name) === 0) return true;
    return nearest !== undefined && order.covers(nearest, name);
  };
}

/** The form of a domain used for lookups. */
export interface DomainKey {
  /** Reversed, with dots before other characters: subdomains follow their domain directly. */
  readonly reversed: string;
  /** The suffix of a wildcard, from the dot on; undefined for other domains. */
  readonly wildcardOf: string | undefined;
}

export function domainKey(domain: string): DomainKey {
  return {
    reversed: reverse(domain),
    wildcardOf: domain.startsWith("*") ? withoutFirstLabel(domain) : undefined,
  };
}

function reverse(domain: string): string {
  return Buffer.from(domain.toLowerCase(), "latin1")
    .reverse()
    .toString("latin1")
    .replaceAll(".", "\0");
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A constraint with a leading dot covers subdomains only. */
function coversKey(constraint: string, name: string): boolean {
  if (!name.startsWith(constraint)) return false;
  return (
    name.length === constraint.length ||
    constraint.endsWith("\0") ||
    name[constraint.length] === "\0"
  );
}

const DOMAINS: Order<string, string> = {
  compare: compareText,
  isWithin: (inner, outer) => coversKey(outer, inner),
  locate: compareText,
  covers: coversKey,
};

/**
 * Which domains these constraints cover. Excluded ones also cover a wildcard that would take in one
 * of them: `*.example.com` if `www.example.com` is excluded.
 */
export function domainSearch(
  constraints: readonly string[],
  kind: "permitted" | "excluded",
): Search<DomainKey> {
  if (constraints.includes("")) return () => true;
  const covers = searchIn(constraints.map(reverse), DOMAINS);
  const parents = new Set(kind === "excluded" ? constraints.map(withoutFirstLabel) : []);
  parents.delete("");
  return ({ reversed, wildcardOf }) =>
    covers(reversed) || (wildcardOf !== undefined && parents.has(wildcardOf));
}

/** From the first dot on, in lower case; empty if there is none. */
function withoutFirstLabel(domain: string): string {
  const dot = domain.indexOf(".");
  return dot < 0 ? "" : domain.slice(dot).toLowerCase();
}

/** A network: half of the bytes are an address, half a mask. */
interface Network {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

function isMapped(address: Uint8Array): boolean {
  return (
    address.length === 16 && address.every((byte, i) => i >= 12 || byte === (i >= 10 ? 0xff : 0))
  );
}

/** Go treats IPv4-mapped IPv6 addresses as IPv4: no other network contains them. */
function coversAddress({ address, mask }: Network, name: Uint8Array): boolean {
  return (
    isMapped(address) === isMapped(name) &&
    address.every((byte, i) => ((byte ^ (name[i] ?? 0)) & (mask[i] ?? 0)) === 0)
  );
}

const NETWORKS: Order<Network, Uint8Array> = {
  compare: (a, b) => Buffer.compare(a.address, b.address) || Buffer.compare(a.mask, b.mask),
  isWithin: (inner, outer) =>
    coversAddress(outer, inner.address) &&
    coversAddress(
      outer,
      inner.address.map((byte, i) => byte | (~(inner.mask[i] ?? 0) & 0xff)),
    ),
  locate: ({ address }, name) => Buffer.compare(address, name),
  covers: coversAddress,
};

/** Which addresses these constraints cover. */
export function addressSearch(constraints: readonly Uint8Array[]): Search<Uint8Array> {
  const networks = constraints.map((bytes) => ({
    address: bytes.subarray(0, bytes.length / 2),
    mask: bytes.subarray(bytes.length / 2),
  }));
  const ofLength = (length: number) =>
    searchIn(
      networks.filter(({ address }) => address.length === length),
      NETWORKS,
    );
  const [ipv4, ipv6] = [ofLength(4), ofLength(16)];
  return (address) => (address.length === 4 ? ipv4 : ipv6)(address);
}
