const REASON_CHARACTERS_MAX = 300;

/** Text of a stranger that may go to a log: no control characters, not long. */
export function plainText(text: string): string {
  return text.slice(0, REASON_CHARACTERS_MAX).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}
