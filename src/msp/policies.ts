/**
 * Certificate policies along a chain (RFC 5280 section 6.1 as updated by RFC 9618), as Go checks
 * them: any policy is accepted, but a CA may require one.
 */
import { equalBytes } from "../wire/bytes.ts";
import { DER_TAG, DerFault, type DerReader } from "./der.ts";

/** Policies are compared by the bytes of their identifiers, as binary strings. */
export interface Policies {
  readonly identifiers: readonly string[];
  /** From a policy of the issuer to one of the subject. */
  readonly mappings: readonly (readonly [issuer: string, subject: string])[];
  /** Number of CAs below this one before a policy is required; undefined: never. */
  readonly requireExplicit: number | undefined;
  /** Number of CAs below this one before mappings stop applying. */
  readonly inhibitMapping: number | undefined;
  /** Number of CAs below this one before `anyPolicy` stops applying. */
  readonly inhibitAny: number | undefined;
}

/** The fields of a certificate that decide on its policies. */
interface PolicyBearer {
  readonly issuer: { readonly der: Uint8Array };
  readonly subject: { readonly der: Uint8Array };
  readonly extensions: { readonly policies: Policies };
}

const ANY_POLICY = "\x55\x1d\x20\x00";

function readIdentifier(reader: DerReader): string {
  const content = reader.read(DER_TAG.oid);
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString("latin1");
}

/** Ends with a last byte, and no arc begins with a zero. Arcs may be of any size here. */
function isIdentifier(text: string): boolean {
  return /[\0-\x7f]$/.test(text) && !text.startsWith("\x80") && !/[\0-\x7f]\x80/.test(text);
}

/** The policies of a certificatePolicies extension. */
export function readPolicies(reader: DerReader): readonly string[] {
  const identifiers: string[] = [];
  while (!reader.isEmpty) identifiers.push(readIdentifier(reader.enter(DER_TAG.sequence)));
  if (new Set(identifiers).size !== identifiers.length || !identifiers.every(isIdentifier)) {
    throw new DerFault("malformed certificate policies");
  }
  return identifiers;
}

/** The pairs of a policyMappings extension. */
export function readMappings(reader: DerReader): readonly (readonly [string, string])[] {
  const mappings: (readonly [string, string])[] = [];
  while (!reader.isEmpty) {
    const pair = reader.enter(DER_TAG.sequence);
    mappings.push([readIdentifier(pair), readIdentifier(pair)]);
  }
  return mappings;
}

/** A policy that is valid at one certificate of the chain. */
interface Node {
  readonly policy: string;
  /** The name that the next certificate must use for it. */
  expected: readonly string[];
  /** The policies of the certificate above. */
  readonly parents: ReadonlySet<Node>;
  readonly children: Set<Node>;
}

/** The valid policies of one certificate by their identifiers. */
type Level = Map<string, Node>;

function insert(level: Level, policy: string, parents: Iterable<Node>): Node {
  const node: Node = {
    policy,
    expected: [policy],
    parents: new Set(parents),
    children: new Set(),
  };
  for (const parent of node.parents) parent.children.add(node);
  level.set(policy, node);
  return node;
}

function remove(level: Level, node: Node): void {
  for (const parent of node.parents) parent.children.delete(node);
  level.delete(node.policy);
}

/** Removes branches without leaves, from the last level but one upwards. */
function prune(levels: readonly Level[]): void {
  for (const level of levels.slice(1, -1).reverse()) {
    for (const node of level.values()) if (node.children.size === 0) remove(level, node);
  }
}

/** Adds a value to the list of its key. */
function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Adds the level of the next certificate. */
function descend(levels: Level[], identifiers: readonly string[], isAnyAllowed: boolean): void {
  const above: Level = levels.at(-1) ?? new Map();
  const expecting = new Map<string, Node[]>();
  for (const node of above.values()) {
    for (const policy of node.expected) add(expecting, policy, node);
  }
  const any = above.get(ANY_POLICY);
  const level: Level = new Map();
  for (const policy of identifiers) {
    const parents = expecting.get(policy) ?? (any && [any]);
    if (policy !== ANY_POLICY && parents !== undefined) insert(level, policy, parents);
  }
  const missing = isAnyAllowed && identifiers.includes(ANY_POLICY) ? expecting : [];
  for (const [policy, parents] of missing) {
    if (!level.has(policy)) insert(level, policy, parents);
  }
  levels.push(level);
  prune(levels);
}

/** Maps the issuer's policies to those of the subject. */
function applyMappings(levels: readonly Level[], mappings: Policies["mappings"]): void {
  const level: Level = levels.at(-1) ?? new Map();
  const subjectsOf = new Map<string, string[]>();
  for (const [issuer, subject] of mappings) add(subjectsOf, issuer, subject);
  const any = level.get(ANY_POLICY);
  for (const [issuer, subjects] of subjectsOf) {
    const node = level.get(issuer) ?? (any && insert(level, issuer, [any]));
    if (node !== undefined) node.expected = subjects;
  }
}

/** Policy mapping is no longer allowed: mapped policies are lost. */
function dropMapped(levels: readonly Level[], mappings: Policies["mappings"]): void {
  const level: Level = levels.at(-1) ?? new Map();
  for (const [issuer] of mappings) {
    const node = level.get(issuer);
    if (node !== undefined) remove(level, node);
  }
  prune(levels);
}

/** Whether a policy remains that only `anyPolicy` allows, or `anyPolicy` itself. */
function hasPolicy(levels: readonly Level[]): boolean {
  const isAuthorised = ({ policy, parents }: Node) =>
    policy !== ANY_POLICY && parents.size === 1 && [...parents][0]?.policy === ANY_POLICY;
  return (
    levels.at(-1)?.has(ANY_POLICY) === true ||
    levels.some((level) => [...level.values()].some(isAuthorised))
  );
}

/** Position while walking down a chain. The numbers count the CAs until a rule takes effect. */
interface Walk {
  /** Undefined: a certificate above has no policies. */
  levels: Level[] | undefined;
  untilExplicit: number;
  untilNoMapping: number;
  untilNoAny: number;
}

function startWalk(certificates: number): Walk {
  const root: Level = new Map();
  insert(root, ANY_POLICY, []);
  const never = certificates + 1;
  return { levels: [root], untilExplicit: never, untilNoMapping: never, untilNoAny: never };
}

/** Whether the chain, leaf first, satisfies the policy requirements of its CAs. */
export function arePoliciesValid(chain: readonly PolicyBearer[]): boolean {
  // The root is trusted unconditionally.
  const below = chain.slice(0, -1).reverse();
  const asks = ({ extensions: { policies } }: PolicyBearer) =>
    (policies.requireExplicit ?? -1) >= 0 || policies.mappings.length > 0;
  if (!below.some(asks)) return true;
  const walk = startWalk(below.length);
  if (!below.every((certificate) => enter(walk, certificate, certificate === chain[0]))) {
    return false;
  }
  const needsPolicy =
    walk.untilExplicit <= 1 || chain[0]?.extensions.policies.requireExplicit === 0;
  return !needsPolicy || (walk.levels !== undefined && hasPolicy(walk.levels));
}

function isSelfIssued({ issuer, subject }: PolicyBearer): boolean {
  return equalBytes(issuer.der, subject.der);
}

/** Continues with the next certificate of the chain; false if that is impossible. */
function enter(walk: Walk, certificate: PolicyBearer, isLeaf: boolean): boolean {
  const { identifiers } = certificate.extensions.policies;
  if (identifiers.length === 0) walk.levels = undefined;
  if (walk.untilExplicit === 0 && walk.levels === undefined) return false;
  const isAnyAllowed = walk.untilNoAny > 0 || (!isLeaf && isSelfIssued(certificate));
  if (walk.levels !== undefined) descend(walk.levels, identifiers, isAnyAllowed);
  return isLeaf || leave(walk, certificate);
}

/** The policy requirements of a CA for the certificates below it. */
function leave(walk: Walk, certificate: PolicyBearer): boolean {
  const { mappings, ...limits } = certificate.extensions.policies;
  const isAny = (pair: readonly string[]) => pair.includes(ANY_POLICY);
  if (walk.levels !== undefined && mappings.length > 0) {
    if (walk.untilNoMapping === 0) dropMapped(walk.levels, mappings);
    else if (mappings.some(isAny)) return false;
    else applyMappings(walk.levels, mappings);
  }
  const step = isSelfIssued(certificate) ? 0 : 1;
  walk.untilExplicit = lower(walk.untilExplicit - step, limits.requireExplicit);
  walk.untilNoMapping = lower(walk.untilNoMapping - step, limits.inhibitMapping);
  walk.untilNoAny = lower(walk.untilNoAny - step, limits.inhibitAny);
  return true;
}

function lower(left: number, limit = -1): number {
  return Math.max(0, limit < 0 ? left : Math.min(left, limit));
}
