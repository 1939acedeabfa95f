/** Why no node answers, with what to do about it. */
import { plainReason } from "../observe/diagnosis/tls-error-text.ts";
import { DEFAULT_URL, type Target } from "./target.ts";

/** The node did not answer as one. Ends the program with exit code 3. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** OpenSSL's codes for a chain that leads nowhere. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What failed below HTTP, as a sentence with its remedy. */
export function explainFailure({ url, source }: Target, error: unknown): Error {
  if (error instanceof UnreachableError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const where = url.origin;
  if (UNTRUSTED.has(code)) {
    return new UnreachableError(
      `The TLS certificate of ${where} is of a CA that is not trusted here (${code}): give the CA with --ca.`,
    );
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return new UnreachableError(
      `The TLS certificate of ${where} does not name ${url.hostname}: use a name of the certificate in --url.`,
    );
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

/** Something answered that is no node, or another version of it. */
export function notANode({ url }: Target, path: string, status?: number): UnreachableError {
  const address = new URL(path, url);
  return new UnreachableError(
    `${address} answered ${status ?? "something else"}: is this the operations address of a fabric-gossip node? ` +
      "(Of a devnet, it is the port of the dashboard plus 2.)",
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return plainReason(String(error));
  if (error.name === "AbortError" || error.name === "TimeoutError") return "it took too long";
  // Of several addresses tried, each with its own failure, Node tells only the list.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return plainReason(first instanceof Error ? first.message || first.name : String(first));
}
