/** What is said of our own certificate when it has expired: before a start, and while a member runs. */

/** `end`: when, ISO 8601, and where it is if that is known. */
export const tellOwnEnd = (end: string): string =>
  `our own certificate expired at ${end}, and other members refuse us`;

export const RENEW_OWN =
  "Renew it, unless the clock of this machine is wrong: a running node loads the new one from signcerts within five seconds.";
