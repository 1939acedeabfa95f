/**
 * The syntax of names in a certificate, as permissive as Go's parsers: a URI that Go cannot parse
 * makes its certificate unusable to every Fabric peer.
 */
import { isIPv4, isIPv6 } from "node:net";

/** Whether Go accepts the text as a domain, including the empty one. */
export function isDomain(text: string): boolean {
  return (
    !text.startsWith(".") && !text.endsWith(".") && !text.includes("..") && /^[!-~]*$/.test(text)
  );
}

/** In a constraint, one leading dot is allowed: it requires at least one more label. */
export function isDomainConstraint(text: string): boolean {
  return text === "" || (text !== "." && isDomain(text.replace(/^\./, "")));
}

/** Whether the text is an IP address; an IPv6 address may have a zone. */
export function isIpAddress(text: string): boolean {
  const zone = text.indexOf("%");
  if (zone < 0) return isIPv4(text) || isIPv6(text);
  return zone < text.length - 1 && isIPv6(text.slice(0, zone));
}

export interface Mailbox {
  readonly local: string;
  /** In lower case. */
  readonly domain: string;
}

const ATOM_TEXT = /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]/;

/** The only ASCII characters that a quoted text cannot contain, even escaped. */
const NEVER_QUOTED = "\0\n\r";

/** The two parts of a mail address (RFC 2821, with the backslashes of RFC 3696). */
export function parseMailbox(text: string): Mailbox | undefined {
  const isQuoted = text.startsWith('"');
  const found = isQuoted ? readQuoted(text) : readAtoms(text);
  if (found === undefined || text[found.end] !== "@") return undefined;
  const domain = text.slice(found.end + 1);
  return isDomain(domain) ? { local: found.local, domain: domain.toLowerCase() } : undefined;
}

interface LocalPart {
  readonly local: string;
  /** End offset in the text. */
  readonly end: number;
}

function readQuoted(text: string): LocalPart | undefined {
  let local = "";
  for (let at = 1; at < text.length; at++) {
    const isPair = text[at] === "\\";
    if (isPair) at++;
    const next = text[at] ?? "\0";
    if (!isPair && next === '"') return { local, end: at + 1 };
    if (NEVER_QUOTED.includes(next) || (!isPair && next === "\t")) return undefined;
    local += next;
  }
  return undefined;
}

function readAtoms(text: string): LocalPart | undefined {
  let local = "";
  let at = 0;
  for (; at < text.length; at++) {
    const isPair = text[at] === "\\";
    if (isPair) at++;
    const next = text[at];
    if (next === undefined) return undefined;
    if (!isPair && !ATOM_TEXT.test(next)) break;
    local += next;
  }
  const isDotted = local.startsWith(".") || local.endsWith(".") || local.includes("..");
  return local === "" || isDotted ? undefined : { local, end: at };
}

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
const PORT = /^(:[0-9]*)?$/;
/** Characters of a host as they stand, and escapes: of the percent sign, and of no ASCII. */
const HOST = /^(?:[A-Za-z0-9!"$&'()*+,\-.:;<=>[\]_~\x80-\xff]|%25|%[89A-Fa-f][0-9A-Fa-f])*$/;
/** A zone may escape more: what a host has as it stands, and blanks. */
const ESCAPED_ZONE = /^[A-Za-z0-9!"$&'()*+,\-.:;<=>[\]_~%]*$/;
const ZONE = /^[A-Za-z0-9!"$&'()*+,\-.:;<=>[\]_~ ]*$/;

/**
 * The host of a URI, with its port, empty if it has none; undefined if Go cannot parse the text
 * (`url.Parse`) or takes its host for no domain.
 */
export function parseUriHost(text: string): string | undefined {
  const fragmentAt = text.indexOf("#");
  const uri = fragmentAt < 0 ? text : text.slice(0, fragmentAt);
  if (BAD_ESCAPE.test(text.slice(uri.length)) || hasControl(uri)) return undefined;
  const scheme = SCHEME.exec(uri)?.[0] ?? "";
  const [rest = ""] = uri.slice(scheme.length).split("?", 1);
  const host = readHierarchy(scheme, rest);
  return host !== undefined && isDomain(host) ? host : undefined;
}

/** The host in what follows a scheme, perhaps an empty one, up to the query. */
function readHierarchy(scheme: string, text: string): string | undefined {
  if (!text.startsWith("/")) return scheme !== "" || isRelativePath(text) ? "" : undefined;
  if (!text.startsWith("//") || (scheme === "" && text.startsWith("///"))) {
    return BAD_ESCAPE.test(text) ? undefined : "";
  }
  const slash = text.indexOf("/", 2);
  const pathAt = slash < 0 ? text.length : slash;
  if (BAD_ESCAPE.test(text.slice(pathAt))) return undefined;
  return readAuthority(scheme, text.slice(2, pathAt));
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) < 0x20 || text.charCodeAt(at) === 0x7f) return true;
  }
  return false;
}

/** A path without a slash at its start: its first part must not look like a scheme. */
function isRelativePath(text: string): boolean {
  const [segment = ""] = text.split("/", 1);
  return !segment.includes(":") && !BAD_ESCAPE.test(text);
}

function readAuthority(scheme: string, authority: string): string | undefined {
  const at = authority.lastIndexOf("@");
  const user = authority.slice(0, Math.max(at, 0));
  if (BAD_ESCAPE.test(user) || !USER_INFO.test(user)) return undefined;
  const host = authority.slice(at + 1);
  const bracket = host.lastIndexOf("[");
  if (bracket > 0) return undefined;
  return bracket === 0 ? readBracketed(host) : readPlainHost(scheme, host);
}

/** Several colons are an error for HTTP only, since database URIs use them in lists of hosts. */
function readPlainHost(scheme: string, host: string): string | undefined {
  const isHttp = /^https?:$/i.test(scheme);
  const colon = isHttp ? host.indexOf(":") : host.lastIndexOf(":");
  if (colon >= 0 && !PORT.test(host.slice(colon))) return undefined;
  return HOST.test(host) ? decodeEscapes(host) : undefined;
}

/** An IPv6 address in brackets, perhaps with a zone, and perhaps a port after it. */
function readBracketed(host: string): string | undefined {
  const end = host.lastIndexOf("]");
  if (end < 0 || !PORT.test(host.slice(end + 1))) return undefined;
  const [address = "", ...zones] = host.slice(1, end).split("%25");
  const zone = zones.join("%25");
  if (BAD_ESCAPE.test(zone) || !HOST.test(address)) return undefined;
  const plain =
    zones.length === 0
      ? decodeEscapes(address)
      : `${decodeEscapes(address)}%${decodeEscapes(zone)}`;
  const isZone = ESCAPED_ZONE.test(zone) && ZONE.test(decodeEscapes(zone.replaceAll("%25", "")));
  if (!isZone || isIPv4(plain) || !isIpAddress(plain)) return undefined;
  return `[${plain}]${host.slice(end + 1)}`;
}

function decodeEscapes(text: string): string {
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The domain of a host with or without a port; undefined if constraints cannot be applied to it. */
export function constrainedDomain(host: string): string | undefined {
  const domain = host.includes(":") && !host.endsWith("]") ? withoutPort(host) : host;
  if (domain === undefined || host === "" || domain.startsWith("[")) return undefined;
  return isIpAddress(domain) || !isDomain(domain) ? undefined : domain;
}

/** Like Go's `SplitHostPort`: one colon, or brackets and a port. */
function withoutPort(host: string): string | undefined {
  const bracketed = /^\[([^[\]]*)\]:[^:[\]]*$/.exec(host);
  const plain = /^([^:[\]]*):[^:[\]]*$/.exec(host);
  return bracketed?.[1] ?? plain?.[1];
}
