/** Why a connection failed, in words for people: OpenSSL's are for its programmers. */

const LENGTH_MAX = 200;
/** `C0FFEE:error:0A000126:SSL routines:function:unexpected eof:file.c:77:SSL alert number 40` */
const OPENSSL = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)(?:.*SSL alert number (\d+))?/i;
/** Numbers of RFC 8446, section 6. */
const ALERTS: Readonly<Record<string, string>> = {
  70: "it speaks another version of TLS",
  80: "it has an internal error",
  112: "it does not go by that name",
  120: "it does not speak HTTP/2",
  ...Object.fromEntries(
    [42, 43, 44, 45, 46, 48, 116].map((alert) => [alert, "it refused our TLS certificate"]),
  ),
};

/** One line of at most 200 characters; what OpenSSL says is translated, or at least stripped. */
export function plainReason(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (/wrong version number|packet length too long/i.test(line)) {
    return "that port does not speak TLS";
  }
  if (/^Client network socket disconnected/.test(line)) {
    return "the connection was closed during the TLS handshake";
  }
  if (/^certificate (has expired|is not yet valid)/.test(line)) return `its TLS ${line}`;
  if (/^(self-signed|unable to (get|verify)).* certificate/i.test(line)) {
    return `its TLS certificate is of a CA that we do not trust (${line.slice(0, 100)})`;
  }
  const [, reason = line, alert = ""] = OPENSSL.exec(line) ?? [];
  return (ALERTS[alert] ?? reason).slice(0, LENGTH_MAX);
}
