const REASON_CHARACTERS_MAX = 300;

/** Text of a stranger that may go to a log: no control characters, not long. */
export function plainText(text: string): string {
  const isLong = text.length > REASON_CHARACTERS_MAX;
  const short = isLong ? `${text.slice(0, REASON_CHARACTERS_MAX - 1)}…` : text;
  return short.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}
