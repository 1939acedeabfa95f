/** The members as a picture: organisations as groups, connections as lines. */

const SVG = "http://www.w3.org/2000/svg";
const NODE = 15;
/** From the circle of the members to the line around their organisation. */
const MARGIN = 32;
/** Radians; tried out: with this, lines pass the members of the usual networks at a distance. */
const TURN = 2.14;
/** Below this width, in pixels, organisations are one above the other. */
const NARROW = 480;

/** Draws the model into the svg element, in place of what was there. */
export function drawGraph(svg, { members, links }) {
  const { groups, places } = arrange(members, svg.clientWidth < NARROW);
  svg.setAttribute("viewBox", boundsOf(groups));
  const running = members.filter(({ state }) => state === "running").length;
  svg.setAttribute(
    "aria-label",
    `${running} of ${members.length} members answer, ${links.length} connections between them`,
  );
  svg.replaceChildren(
    ...groups.flatMap(drawGroup),
    ...links.flatMap((pair) => drawLink(pair, places)),
    ...members.map((member) => drawMember(member, places.get(member.name))),
  );
}

/** Organisations on a circle, the members of each on a smaller one around its centre. */
function arrange(members, isNarrow) {
  const organisations = [...Map.groupBy(members, ({ mspId }) => mspId)];
  const count = organisations.length;
  const largest = Math.max(...organisations.map(([, list]) => list.length));
  const reach = largest === 1 ? 0 : Math.max(74, (58 * largest) / (2 * Math.PI));
  const radius = reach + MARGIN;
  const spread = count === 1 ? 0 : (radius + 14) / Math.sin(Math.PI / count);
  const start = isNarrow || count > 2 ? -Math.PI / 2 : Math.PI;
  const groups = [];
  const places = new Map();
  for (const [index, [mspId, list]] of organisations.entries()) {
    const angle = start + (2 * Math.PI * index) / count;
    const x = spread * Math.cos(angle);
    const y = spread * Math.sin(angle);
    groups.push({ mspId, x, y, radius });
    for (const [place, { name }] of list.entries()) {
      const turn = angle + TURN + (2 * Math.PI * place) / list.length;
      const out = list.length === 1 ? 0 : reach;
      places.set(name, { x: x + out * Math.cos(turn), y: y + out * Math.sin(turn) });
    }
  }
  return { groups, places };
}

/** The part of the plane that shows all groups. */
function boundsOf(groups) {
  const left = Math.min(...groups.map(({ x, radius }) => x - radius)) - 6;
  const right = Math.max(...groups.map(({ x, radius }) => x + radius)) + 6;
  const top = Math.min(...groups.map(({ y, radius }) => y - radius)) - 14;
  const bottom = Math.max(...groups.map(({ y, radius }) => y + radius)) + 10;
  return [left, top, right - left, bottom - top].map(Math.round).join(" ");
}

function drawGroup({ mspId, x, y, radius }) {
  return [
    element("circle", { class: "group", cx: x, cy: y, r: radius }),
    element("text", { class: "group-name", x, y: y - radius + 5 }, mspId),
  ];
}

function drawLink([from, to], places) {
  const a = places.get(from);
  const b = places.get(to);
  if (a === undefined || b === undefined) return [];
  return [element("line", { class: "link", x1: a.x, y1: a.y, x2: b.x, y2: b.y })];
}

/** The sign inside says the same as the colour. */
const SIGNS = { running: "", silent: "?", stopped: "×" };

function drawMember({ name, state }, { x, y }) {
  const node = element("g", { class: `node ${state}` });
  node.append(
    element("circle", { cx: x, cy: y, r: NODE }),
    element("text", { class: "sign", x, y: y + 6 }, SIGNS[state]),
    element("text", { class: "name", x, y: y + NODE + 15 }, name.split(".")[0]),
  );
  return node;
}

function element(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}
