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
  /** The same, and its certificate is ours. */
  "tls-own",
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
  /** It does not know the CA of our certificate. */
  "tls-refused-us",
  /** It refuses our certificate, and does not say why. */
  "tls-refused-unsaid",
  /** It says that our certificate has expired. */
  "tls-refused-expired",
  /** It says that our certificate has been revoked. */
  "tls-refused-revoked",
  /** It does not take certificates of such a key, or for such a use. */
  "tls-refused-kind",
  /** A signature of ours, or the CA's under our certificate, does not verify there. */
  "tls-refused-signature",
  /** Our certificate is good, and has no access. */
  "tls-refused-access",
  /** It wants a certificate, and takes none that we have. */
  "tls-certificate-required",
  /** It has failed itself. */
  "tls-fault-there",
  /** It could not read what came as our part of the handshake. */
  "tls-misread",
  /** It closed the connection in the middle, without a word. */
  "tls-closed",
  /** It speaks other versions of TLS only. */
  "tls-version",
] as const;

export type TlsFault = (typeof TLS_FAULTS)[number];

/** Why the other side refuses our certificate, if it says more than that it does. */
export type TlsRefusal = Extract<
  TlsFault,
  `tls-refused-${"expired" | "revoked" | "kind" | "signature" | "access"}`
>;

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

/** How a handshake ends, as OpenSSL finds it; alerts of the other side apart. */
const ENDS: readonly (readonly [RegExp, TlsFailure["fault"]])[] = [
  [/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/, "tls-not-spoken"],
  [/^ERR_SSL_UNSUPPORTED_PROTOCOL$/, "tls-version"],
  [/^ERR_SSL_NO_APPLICATION_PROTOCOL$/, "protocol"],
];

/**
 * Alerts of the other side (RFC 8446, section 6, and older ones), by their name at OpenSSL. Absent:
 * those that only tell that there is no common ground, such as `handshake failure`.
 */
const ALERTS: Readonly<Record<string, TlsFailure["fault"]>> = {
  "unknown ca": "tls-refused-us",
  "certificate revoked": "tls-refused-revoked",
  "certificate expired": "tls-refused-expired",
  "unsupported certificate": "tls-refused-kind",
  // Go says the first of everything that is neither the CA nor the time; before Go 1.21 of these, too.
  "bad certificate": "tls-refused-unsaid",
  "certificate unknown": "tls-refused-unsaid",
  "decrypt error": "tls-refused-signature",
  "access denied": "tls-refused-access",
  "certificate required": "tls-certificate-required",
  "no certificate": "tls-certificate-required",
  "protocol version": "tls-version",
  "inappropriate fallback": "tls-version",
  "unrecognized name": "tls-unknown-name",
  "no application protocol": "protocol",
  "internal error": "tls-fault-there",
  "user cancelled": "tls-fault-there",
  "unexpected message": "tls-misread",
  "bad record mac": "tls-misread",
  "decryption failed": "tls-misread",
  "record overflow": "tls-misread",
  "decompression failure": "tls-misread",
  "illegal parameter": "tls-misread",
  "decode error": "tls-misread",
  "unsupported extension": "tls-misread",
};

/** What it calls them before the name. Nothing else of OpenSSL's begins so. */
const PREFIX = /^(?:tlsv1\d?|sslv3|ssl\/tls) (?:alert )?/;

/** Why a certificate is refused that OpenSSL judges so. */
export function verdictFault(verdict: string): TlsFault {
  return VERDICTS[verdict] ?? "tls-bad-certificate";
}

/** Why a TLS handshake ended with this error. */
export function tlsFailure(error: Error): TlsFailure {
  const code = codeOf(error);
  const verdict = VERDICTS[code];
  if (verdict !== undefined) return { fault: verdict, reason: plainText(error.message) };
  const alert = alertIn(error);
  const fault = alert ? ALERTS[alert] : ENDS.find(([pattern]) => pattern.test(code))?.[1];
  return { fault: fault ?? "tls", reason: opensslReason(error) };
}

/** Why a dialler has refused our server certificate; undefined: it has not, as far as it says. */
export function diallerRefusal(error: Error): TlsRefusal | "tls-client-refuses-us" | undefined {
  const { fault } = tlsFailure(error);
  if (fault === "tls-refused-us" || fault === "tls-refused-unsaid") return "tls-client-refuses-us";
  return isTlsRefusal(fault) ? fault : undefined;
}

function isTlsRefusal(fault: string): fault is TlsRefusal {
  return fault.startsWith("tls-refused-");
}

/** Whether it was the other side that ended the handshake, by an alert. */
export function isAlert(error: Error): boolean {
  return alertIn(error) !== undefined;
}

/** The name of an alert in OpenSSL's words; undefined: it is none. */
function alertName(reason: string): string | undefined {
  return PREFIX.test(reason) ? reason.replace(PREFIX, "") : undefined;
}

function alertIn(error: Error): string | undefined {
  return alertName(reasonIn(error) ?? "");
}

/** What OpenSSL says in short, without the numbers and places in its source: `unknown ca`. */
export function opensslReason(error: Error): string {
  const text = reasonIn(error) ?? (error.message || codeOf(error));
  return plainText(alertName(text) ?? text);
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
