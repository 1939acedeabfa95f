/** Layout of the graph: organisations as circles at stable positions. Pure. */

/** Maximum members of an organisation drawn in a circle with names. */
const RING_MAX = 14;
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
/** Distance from members to the outline of their organisation. */
const MARGIN = 40;
const GAP = 18;
/** Radians; chosen so that lines do not touch other members in typical networks. */
const TURN = 2.14;
/** Below this width in pixels, organisations are stacked. */
const NARROW = 520;

/** Maximum pixels per layout unit. */
const SCALE_MAX = 1.3;

/** Groups `{name, x, y, radius}`, places by key `{x, y}`, the part of the plane that shows them. */
export function arrange(members, width) {
  const organisations = [...Map.groupBy(members, ({ organisation }) => organisation)];
  organisations.sort(([a], [b]) => (a < b ? -1 : 1));
  const isDense = organisations.some(([, list]) => list.length > RING_MAX);
  const radii = organisations.map(([, list]) => reachOf(list.length, isDense) + MARGIN);
  const centres = centresOf(radii, width < NARROW);
  const places = new Map();
  const groups = organisations.map(([name, list], index) => {
    const centre = centres[index];
    const put = isDense ? spiral(list.length) : ring(list.length, radii[index], centre.angle);
    for (const [at, { key }] of list.entries()) {
      places.set(key, { x: centre.x + put[at].x, y: centre.y + put[at].y });
    }
    return { name, count: list.length, radius: radii[index], x: centre.x, y: centre.y };
  });
  return { groups, places, isDense, bounds: boundsOf(groups, width, isDense ? 40 : 14) };
}

function reachOf(count, isDense) {
  if (isDense) return 14 * Math.sqrt(count);
  return count === 1 ? 22 : Math.max(76, (62 * count) / (2 * Math.PI));
}

function ring(count, radius, angle) {
  if (count === 1) return [{ x: 0, y: 0 }];
  return Array.from({ length: count }, (_, at) => {
    const turn = angle + TURN + (2 * Math.PI * at) / count;
    return { x: (radius - MARGIN) * Math.cos(turn), y: (radius - MARGIN) * Math.sin(turn) };
  });
}

/** Sunflower arrangement: dense and even for any number. */
function spiral(count) {
  return Array.from({ length: count }, (_, at) => {
    const reach = 14 * Math.sqrt(at + 0.5);
    return { x: reach * Math.cos(at * GOLDEN_ANGLE), y: reach * Math.sin(at * GOLDEN_ANGLE) };
  });
}

/** Up to three organisations form a row or column, more form a circle or pairs. */
function centresOf(radii, isNarrow) {
  if (radii.length <= 3 && (radii.length < 3 || isNarrow)) return row(radii, isNarrow);
  if (isNarrow) return pairs(radii);
  const largest = Math.max(...radii);
  const spread = (largest + GAP / 2) / Math.sin(Math.PI / radii.length);
  return radii.map((_, index) => {
    const angle = -Math.PI / 2 + (2 * Math.PI * index) / radii.length;
    return { x: spread * Math.cos(angle), y: spread * Math.sin(angle), angle };
  });
}

/** Two per row, as large as a small page allows. */
function pairs(radii) {
  const step = 2 * Math.max(...radii) + GAP;
  return radii.map((_, index) => {
    return { x: (index % 2) * step, y: Math.floor(index / 2) * step, angle: -Math.PI / 2 };
  });
}

function row(radii, isColumn) {
  let at = 0;
  return radii.map((radius, index) => {
    const centre = at + radius;
    at += 2 * radius + GAP;
    const isFirst = index === 0;
    if (isColumn) return { x: 0, y: centre, angle: isFirst ? -Math.PI / 2 : Math.PI / 2 };
    return { x: centre, y: 0, angle: isFirst ? Math.PI : 0 };
  });
}

/** Limits the scale of small networks. `above`: space for names. */
function boundsOf(groups, width, above) {
  const left = Math.min(...groups.map(({ x, radius }) => x - radius)) - 8;
  const right = Math.max(...groups.map(({ x, radius }) => x + radius)) + 8;
  const top = Math.min(...groups.map(({ y, radius }) => y - radius)) - above;
  const bottom = Math.max(...groups.map(({ y, radius }) => y + radius)) + 8;
  const missing = Math.max(0, width / SCALE_MAX - (right - left));
  return [left - missing / 2, top, right - left + missing, bottom - top].map(Math.round).join(" ");
}
