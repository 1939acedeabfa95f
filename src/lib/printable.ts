/**
 * Text of others on our user's terminal, in logs and in JSON: the one place that decides what is shown
 * as it is. Nothing a peer sends may start a line, steer the terminal, or change the order of what is
 * read.
 */

/**
 * Control characters of both sets, marks of direction, half surrogates, characters for private use, what
 * else ends a line, and what looks like nothing or like a blank but is none.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;
/** The same beyond what JSON escapes by itself. */
const UNPRINTABLE_IN_JSON =
  /[\u007f-\u009f\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** The text with everything that is no visible character written out, as `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** A value as JSON that a terminal can show; other programs read the same value from it. */
export function printableJson(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, null, indent));
}

/** JSON that somebody else has made, for a terminal. */
export function escapeJson(json: string): string {
  return json.replace(UNPRINTABLE_IN_JSON, escaped);
}

function escaped(character: string): string {
  let text = "";
  for (let i = 0; i < character.length; i++) {
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return text;
}
