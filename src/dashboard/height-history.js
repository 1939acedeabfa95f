/** The heights of a channel's members over time. Bounded; pure. */

/** How far one can look back. */
export const HISTORY_MS = 60 * 60_000;
const POINTS_MAX = 900;
const KEYS_MAX = 1_000;
/** Whoever is less than three times so far behind is always in the picture. */
const GROWN_MIN = 40;

export function createHistory() {
  /** @type {Map<string, { atMs: number, height: number }[]>} */
  const points = new Map();
  return {
    /** Points by member, the oldest first. */
    points,
    /** A member has this height since then; a later height than it has now is not undone. */
    add(key, height, atMs) {
      const list = points.get(key) ?? [];
      const last = list.at(-1);
      if (last !== undefined && (last.height === height || last.atMs > atMs)) return;
      if (last === undefined) {
        if (points.size >= KEYS_MAX) return;
        points.set(key, list);
      }
      list.push({ atMs, height });
      // One before the beginning stays: it says what the height was then.
      while (list.length > POINTS_MAX || (list[1]?.atMs ?? atMs) < atMs - HISTORY_MS) list.shift();
    },
    /** What was before the first point, `{ time, height }` each, the oldest first. */
    addEarlier(key, earlier) {
      const list = points.get(key) ?? [];
      const untilMs = list[0]?.atMs ?? Number.POSITIVE_INFINITY;
      const before = earlier
        .map(({ time, height }) => ({ atMs: Date.parse(time), height: Number(height) }))
        .filter(({ atMs }) => atMs < untilMs);
      const all = [...before, ...list].slice(-POINTS_MAX);
      if (all.length > 0 && (points.has(key) || points.size < KEYS_MAX)) points.set(key, all);
    },
    clear() {
      points.clear();
    },
  };
}

/** The range of heights to show: what moves among the many, not one that is far behind. */
export function rangeOf(points, { top, fromMs }) {
  const lows = [...points.values()].map((list) => heightAt(list, fromMs)).sort((a, b) => a - b);
  const middle = lows[Math.floor(lows.length / 2)] ?? top;
  const grown = Math.max(GROWN_MIN, top - middle);
  const lowest = Math.min(lows[0] ?? top, middle);
  return { bottom: Math.max(0, lowest, top - 3 * grown), top: Math.max(top, 1) };
}

/** The height at that time, or the first that is known. */
function heightAt(list, atMs) {
  const before = list.findLast((point) => point.atMs <= atMs);
  return (before ?? list[0]).height;
}

/** Whole numbers for a scale, at most so many. */
export function ticksOf(bottom, top, most) {
  const step = stepOf((top - bottom) / most);
  const ticks = [];
  for (let tick = Math.ceil(bottom / step) * step; tick <= top; tick += step) ticks.push(tick);
  return ticks;
}

function stepOf(least) {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * size).find((step) => step >= least) ?? 10 * size;
}
