/** Longer names are not compared: the work grows with the square of the length. */
const LENGTH_MAX = 100;

/** The candidate closest to `name`, if the difference looks like a typing error. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > LENGTH_MAX) return undefined;
  let best: string | undefined;
  const letters = name.replace(/^-+/, "").length;
  // In so short a word, two differences are another word.
  let least = (letters < 4 ? 1 : Math.max(2, Math.floor(name.length / 5))) + 1;
  for (const candidate of candidates) {
    // Each letter that one has more is a difference.
    if (Math.abs(name.length - candidate.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Edit distance (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const inserted = (current[column - 1] ?? 0) + 1;
      const removed = (previous[column] ?? 0) + 1;
      current.push(Math.min(replaced, inserted, removed));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
