/** Why a peer is unusable, in a sentence with its remedy. */

import type { AskFault } from "../following/asked-peer.ts";
import { remedyFor, tellFault } from "../observe/diagnosis/causes.ts";
import type { PeerTarget } from "./credentials.ts";

const NOT_ON_CHANNEL =
  "check the name of the channel, that this peer has joined it, and that our organisation is on it " +
  "with a certificate that its Readers policy accepts: a peer refuses by silence";

const SHOW_ANOTHER =
  "Give a TLS client certificate of a CA that is listed there, for clientAuth, with --tls-cert and --tls-key: without them the enrolment pair is shown.";

/** Remedies in terms of a reader's flags; others are those of a member. */
const REMEDIES: Readonly<Partial<Record<AskFault, string>>> = {
  "name-unresolved": "Check the address, and that this machine resolves its name.",
  unreachable: "Check the address, that the peer runs, and that no firewall blocks it.",
  "tls-expected": "Its port speaks TLS: give its CA with --tls-ca, or grpcs:// in the profile.",
  "tls-untrusted":
    "Give the CA of its TLS certificate with --tls-ca, once for each organisation, or in the profile.",
  "tls-name":
    "Dial it by a name in its certificate, or give ssl-target-name-override in the profile.",
  "tls-refused-us": SHOW_ANOTHER,
  "tls-refused-unsaid": `Look into its log. ${SHOW_ANOTHER}`,
  "tls-certificate-required": SHOW_ANOTHER,
  closed:
    "Check that it runs, and that nothing else uses our certificate at the same time: a peer keeps one connection for each.",
  silent: `It did not answer: ${NOT_ON_CHANNEL}.`,
  malformed: "It answers with something that is no gossip message: check that it is a peer.",
  "refused-us":
    "Check that --msp-id is the organisation that has issued our certificate, and that it is on a channel of that peer.",
  "refused-revoked": "Our certificate is revoked: enrol anew.",
  "refused-expired": "Renew our certificate.",
  "refused-invalid": "Check that --msp-id is the organisation that has issued our certificate.",
};

export interface ReadFailure {
  readonly code: AskFault;
  readonly reason: string;
}

/** One sentence about a peer that failed. */
export function tellFailure({ name, endpoint }: PeerTarget, failure: ReadFailure): string {
  const { reason } = failure;
  // Whoever reads with the certificate of a peer may ask that peer.
  const code = failure.code === "tls-own" ? "tls-name" : failure.code;
  const who = name === endpoint ? endpoint : `${name} (${endpoint})`;
  const remedy = REMEDIES[code] ?? remedyFor(code) ?? "";
  const what = code === "silent" ? "" : ` ${tellFault({ code, detail: reason })}.`;
  return `${who}:${what} ${remedy}`.trim();
}

const NOBODY: ReadonlySet<AskFault> = new Set([
  "unreachable",
  "name-unresolved",
  "timeout",
  "closed",
  "unavailable",
  "tls-expected",
]);

/** Whether no peer answered, as opposed to one that refuses us. */
export function isUnreachable({ code }: ReadFailure): boolean {
  return NOBODY.has(code);
}

/** Whether a peer refuses our certificate without a word about its reason. */
export function isRefusal({ code }: ReadFailure): boolean {
  return code === "refused-us" || code === "refused-invalid";
}
