/**
 * Why TLS came to nothing, as a code. Node and OpenSSL tell it by the `code` of their errors, which
 * programs may rely on; what they say in words becomes the detail.
 */
import { plainText } from "../lib/plain-text.ts";

/** Why TLS with the server that we dialled came to nothing. */
export const TLS_FAULTS = [
  /** What none of the others is, such as no cipher in common. */
  "tls",
  /** What answers there is not TLS. */
  "tls-not-spoken",
  /** Its certificate does not name the host we dial. */
  "tls-name",
  /** It refuses the name under which we dial it. */
  "tls-unknown-name",
  /** Its certificate leads to no CA that we trust. */
  "tls-untrusted",
  /** Its certificate, or a CA above it, has expired. */
  "tls-expired",
  "tls-not-yet-valid",
  /** Its certificate is for clients only. */
  "tls-wrong-purpose",
  /** Something else is wrong with its certificate or a CA above it. */
  "tls-bad-certificate",
  /** It refuses our certificate. */
  "tls-refused-us",
  /** It says that our certificate has expired. */
  "tls-refused-expired",
  /** It closed the connection in the middle, without a word. */
  "tls-closed",
  /** It speaks other versions of TLS only. */
  "tls-version",
] as const;

export type TlsFault = (typeof TLS_FAULTS)[number];

/** What went wrong, and what OpenSSL or we know of it. */
interface TlsFailure {
  readonly fault: TlsFault | "protocol";
  readonly reason: string;
}

/** OpenSSL's verdicts on certificates. */
const VERDICTS: Readonly<Record<string, TlsFault>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "tls-name",
  CERT_HAS_EXPIRED: "tls-expired",
  CERT_NOT_YET_VALID: "tls-not-yet-valid",
  INVALID_PURPOSE: "tls-wrong-purpose",
  CERT_SIGNATURE_FAILURE: "tls-untrusted",
  CERT_UNTRUSTED: "tls-untrusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls-untrusted",
  SELF_SIGNED_CERT_IN_CHAIN: "tls-untrusted",
  UNABLE_TO_GET_ISSUER_CERT: "tls-untrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls-untrusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls-untrusted",
};

/** How a handshake ends: what OpenSSL finds, and the alerts of the other side (RFC 8446, section 6). */
const ENDS: readonly (readonly [RegExp, TlsFailure["fault"]])[] = [
  [/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/, "tls-not-spoken"],
  [/^ERR_SSL_UNSUPPORTED_PROTOCOL$|_ALERT_PROTOCOL_VERSION$/, "tls-version"],
  [/_NO_APPLICATION_PROTOCOL$/, "protocol"],
  [/_UNRECOGNIZED_NAME$/, "tls-unknown-name"],
  [/_ALERT_CERTIFICATE_EXPIRED$/, "tls-refused-expired"],
  [
    /_ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|UNKNOWN|REQUIRED)|UNKNOWN_CA)$/,
    "tls-refused-us",
  ],
];

/** Why a certificate is refused that OpenSSL judges so. */
export function verdictFault(verdict: string): TlsFault {
  return VERDICTS[verdict] ?? "tls-bad-certificate";
}

/** Why a TLS handshake ended with this error. */
export function tlsFailure(error: Error): TlsFailure {
  const code = codeOf(error);
  const verdict = VERDICTS[code];
  if (verdict !== undefined) return { fault: verdict, reason: plainText(error.message) };
  const fault = ENDS.find(([pattern]) => pattern.test(code))?.[1] ?? "tls";
  return { fault, reason: opensslReason(error) };
}

/** Whether the other side ended the handshake because of our certificate. */
export function isCertificateAlert(error: Error): boolean {
  const { fault } = tlsFailure(error);
  return fault === "tls-refused-us" || fault === "tls-refused-expired";
}

/** Whether it was the other side that ended the handshake, by an alert. */
export function isAlert(error: Error): boolean {
  return codeOf(error).includes("_ALERT_");
}

/** What OpenSSL says in short, without the numbers and places in its source: `unknown ca`. */
export function opensslReason(error: Error): string {
  const text = reasonIn(error) ?? (error.message || codeOf(error));
  return plainText(text.replace(/^(tlsv1\d?|sslv3|ssl\/tls) alert /, ""));
}

/** `C0FFEE:error:0A000126:SSL routines:function:unexpected eof:file.c:77:...` */
const OPENSSL = /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:]+)/;

function reasonIn(error: Error): string | undefined {
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  return OPENSSL.exec(error.message)?.[1];
}

/** Where a write fails, Node names the system's error, and OpenSSL's is in the message only. */
function codeOf(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  const reason = code === "EPROTO" ? reasonIn(error) : undefined;
  return reason === undefined ? code : `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`;
}
