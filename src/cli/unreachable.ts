/** Explains why no node answers, with the remedy. */
import { tellFault } from "../observe/diagnosis/causes.ts";
import { opensslReason, tlsFailure } from "../transport/tls-fault.ts";
import { addressOf, DEFAULT_URL, type Target } from "./target.ts";

/** No node answered. Ends the program with exit code 3. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** Remedy for TLS problems with an operations endpoint. */
const TLS_REMEDIES: Readonly<Record<string, string>> = {
  "tls-not-spoken": "write http:// in --url",
  "tls-name":
    "use a name of the certificate in --url, or have this one added to its subject alternative names",
  "tls-untrusted": "give the CA with --ca",
  "tls-expired": "renew it; if it is valid, check the clock of this machine",
  "tls-not-yet-valid": "check the clock of this machine",
  "tls-wrong-purpose": "reissue it for serverAuth",
  "tls-refused-us": "give a certificate issued by its client CAs with --cert and --key",
  "tls-refused-unsaid":
    "its log says why; give a certificate for clientAuth, issued by its client CAs, with --cert and --key",
  "tls-refused-expired": "renew the certificate that --cert gives",
  "tls-refused-revoked": "have another certificate issued for --cert and --key",
  "tls-refused-kind":
    "give a certificate for clientAuth with an ECDSA P-256 key, with --cert and --key",
  "tls-refused-signature":
    "give a certificate of the very CA that is listed there with --cert and --key",
  "tls-certificate-required": "give a certificate issued by its client CAs with --cert and --key",
  "tls-version": "allow TLS 1.2 or 1.3 there",
};

/** What Node adds about the CAs of the system, which are not asked. */
const NODE_ADVICE = /; if the root CA is installed locally.*$/;

/** Describes a failure below HTTP, with its remedy. */
export function explainFailure({ url, source }: Target, error: unknown): Error {
  if (error instanceof UnreachableError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const where = url.origin;
  if (url.protocol === "https:" && error instanceof Error) {
    const { fault, reason } = tlsFailure(error);
    const detail = reason.replace(NODE_ADVICE, "");
    const remedy = TLS_REMEDIES[fault];
    if (remedy !== undefined) {
      const what = tellFault({ code: fault, detail });
      return new UnreachableError(`${where} cannot be used: ${what}: ${remedy}.`);
    }
  }
  const isCutOff = code === "ECONNRESET" || code.startsWith("HPE_");
  if (url.protocol === "http:" && isCutOff) {
    return new UnreachableError(
      `${where} ended the connection (${code}): if it speaks TLS, write https:// in --url and give its CA with --ca.`,
    );
  }
  const ofDevnet =
    where === DEFAULT_URL ? " (of a devnet's first member http://127.0.0.1:9402)" : "";
  return new UnreachableError(
    `No node answers at ${where} (${reasonOf(error)}): start one, or give its operations address` +
      `${ofDevnet} with ${source}.`,
  );
}

/** The answer did not come from a node, or came from another version. */
export function notANode(target: Target, path: string, status?: number): UnreachableError {
  const hint =
    target.url.pathname === "/"
      ? "Of a devnet, it is the port of the dashboard plus 2."
      : `The path ${target.url.pathname.slice(0, PATH_SHOWN_MAX)} of --url is that of a proxy in front of it.`;
  return new UnreachableError(
    `${addressOf(target, path).told} answered ${status ?? "unexpectedly"}: is this the operations address of a fabric-gossip node? (${hint})`,
  );
}

const PATH_SHOWN_MAX = 100;

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "AbortError" || error.name === "TimeoutError") return "it took too long";
  // After several failed addresses, Node reports only an aggregate error.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error ? opensslReason(first) || first.name : String(first);
}
