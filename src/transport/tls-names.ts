/** Whether a TLS certificate is for a host, as Go decides it: by alternative names only. */
import { isIP, SocketAddress } from "node:net";
import { plainText } from "../lib/plain-text.ts";

/** Node's code for a certificate that does not name the host. */
export const NAME_VERDICT = "ERR_TLS_CERT_ALTNAME_INVALID";
const NAMES_SHOWN_MAX = 100;

/** Takes the place of Node's own check, which also accepts a host that only the subject names. */
export function checkServerName(
  host: string,
  { subjectaltname }: { readonly subjectaltname?: string | undefined },
): Error | undefined {
  const detail = nameFault(host, subjectaltname);
  return detail === undefined
    ? undefined
    : Object.assign(new Error(detail), { code: NAME_VERDICT });
}

/** The host, and what the certificate names instead; undefined: it names the host. */
export function nameFault(host: string, names: string | undefined): string | undefined {
  if (isCertifiedFor(host, names)) return undefined;
  return `${host}, but for ${plainText(names?.slice(0, NAMES_SHOWN_MAX) ?? "no name at all")}`;
}

/** `DNS:peer0, IP Address:127.0.0.1`; Node puts what could be mistaken into quotation marks. */
const NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;

/** `alternativeNames` as Node writes them. */
export function isCertifiedFor(host: string, alternativeNames: string | undefined): boolean {
  const names = [...(alternativeNames ?? "").matchAll(NAME)];
  const namesOf = (kind: string): string[] =>
    names.flatMap(([, type, value = ""]) => (type === kind ? [value] : []));
  const address = canonicalAddress(/^\[(.+)\]$/.exec(host)?.[1] ?? host);
  if (address !== undefined) {
    return namesOf("IP Address").some((name) => canonicalAddress(name) === address);
  }
  const wanted = lowerCase(host);
  return namesOf("DNS").some((name) => {
    const pattern = lowerCase(name);
    if (isHostName(wanted.replace(/\.$/, "")) && isHostName(pattern.replace(/^\*\./, "x."))) {
      return matches(pattern, wanted.replace(/\.$/, ""));
    }
    return pattern === wanted && wanted !== "" && wanted !== ".";
  });
}

/** One spelling of each address, undefined for a name. IPv4 stays so when it is written as IPv6. */
function canonicalAddress(text: string): string | undefined {
  const version = text.includes("%") ? 0 : isIP(text);
  if (version === 0) return undefined;
  const { address } = new SocketAddress({ address: text, family: version === 4 ? "ipv4" : "ipv6" });
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

const lowerCase = (text: string): string =>
  text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Underscores do not belong into names of hosts, and are common there. */
function isHostName(host: string): boolean {
  return host.split(".").every((label) => /^[a-z0-9_][a-z0-9_-]*$/.test(label));
}

/** A wildcard stands for one whole label, the first one. */
function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && pattern.slice(1) === host.slice(dot);
}
