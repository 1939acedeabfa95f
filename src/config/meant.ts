/** Which of our variables a similar one was meant to be. */
import { editDistance, nearest } from "../lib/nearest.ts";

/** Maximum typing errors in a variable name; more suggest another key of Fabric. */
const SLIPS_MAX = 2;
/** Maximum letters that may be missing if the existing words match. */
const LEFT_OUT_MAX = 12;

/** The name that differs by a typing error, or else the only name with a few more words. */
export function meant(variable: string, names: readonly string[]): string | undefined {
  const found = nearest(variable, names);
  if (found !== undefined && lettersApart(variable, found) <= SLIPS_MAX) return found;
  for (const isWord of [isSame, isEnd]) {
    const longer = names.filter((name) => leavesOut(variable, name, isWord));
    if (longer.length === 1) return longer[0];
  }
  return undefined;
}

const isSame = (word: string, whole: string): boolean => word === whole;
/** As `MSPID` for `LOCALMSPID`, or `EXTERNAL` for `EXTERNALENDPOINT`. */
const isEnd = (word: string, whole: string): boolean =>
  whole.startsWith(word) || whole.endsWith(word);

/** Whether the words of a variable appear in a longer name in the same order. */
function leavesOut(
  variable: string,
  name: string,
  isWord: (word: string, whole: string) => boolean,
): boolean {
  const words = variable.split("_");
  if (words.length < 3 || words.includes("") || name.length > variable.length + LEFT_OUT_MAX) {
    return false;
  }
  let at = 0;
  for (const whole of name.split("_")) {
    const word = words[at];
    if (word !== undefined && isWord(word, whole)) at++;
  }
  return at === words.length;
}

/** Ignores underscores: misplaced word boundaries are the most frequent error. */
function lettersApart(a: string, b: string): number {
  return editDistance(a.replaceAll("_", ""), b.replaceAll("_", ""));
}
