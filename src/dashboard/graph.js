/** Live graph: organisations as circles, connections as lines, heartbeats as pulses. */
import { card, draw, make, moveByArrows, setAttributes, setTabStop, setText } from "./dom.js";
import { clip } from "./format.js";
import { arrange } from "./layout.js";

/** The sign carries the same information as the colour. */
const SIGNS = { me: "", alive: "", quiet: "!", partial: "≠", silent: "?", stopped: "–", dead: "×" };
const LEGENDS = {
  member: { me: "this member", alive: "alive", quiet: "overdue", dead: "dead" },
  devnet: {
    alive: "alive for all",
    partial: "not for all",
    silent: "no answer",
    stopped: "stopped",
    dead: "dead for all",
  },
};
const PULSE_MS = 1_100;
/** Maximum label length below a member and above an organisation. */
const LABEL_MAX = 16;
const GROUP_MAX = 24;

export function createGraph(kind, selection) {
  const layers = ["groups", "links", "nodes", "names"].map((name) => draw("g", { class: name }));
  const svg = draw("svg", { id: "graph", role: "group" }, ...layers);
  const legend = make("ul", { className: "legend", "aria-label": "Legend" });
  for (const [state, text] of Object.entries(LEGENDS[kind])) {
    const sign = make("span", { className: `dot ${state}`, "aria-hidden": "true" }, SIGNS[state]);
    legend.append(make("li", {}, sign, text));
  }
  const { section, head } = card("graph-card", "Network", svg, legend);
  const parts = { svg, layers, nodes: new Map(), links: new Map(), selection, arranged: "" };
  moveByArrows(svg, ".node");
  selection.listen(() => highlight(parts));
  return { section, head, update: (model) => update(parts, model) };
}

function update(parts, model) {
  const { svg, nodes, selection } = parts;
  const { members, links } = model;
  if (!members.some(({ key }) => key === selection.key)) selection.select(members[0].key);
  const width = svg.clientWidth;
  if (width === 0) return; // Another view is active.
  const shape = `${width} ${members.map(({ key, organisation }) => key + organisation).join()}`;
  if (shape !== parts.arranged) {
    parts.arranged = shape;
    build(parts, model, arrange(members, width));
  }
  updateLinks(parts, links);
  for (const member of members) updateNode(nodes.get(member.key), member);
  const text = `${members.length} members, ${links.length} connections. Arrow keys move, Enter selects.`;
  setAttributes(svg, { "aria-label": text });
  highlight(parts);
}

function build(parts, { members }, { groups, places, isDense, bounds }) {
  const { svg, layers, nodes, links, selection } = parts;
  const [groupLayer, linkLayer, nodeLayer, nameLayer] = layers;
  const focused = document.activeElement?.closest?.("#graph .node")?.getAttribute("data-key");
  setAttributes(svg, { viewBox: bounds, class: isDense ? "dense" : "" });
  svg.style.setProperty("--name-size", `${nameSize(svg)}px`);
  parts.places = places;
  nodes.clear();
  links.clear();
  linkLayer.replaceChildren();
  groupLayer.replaceChildren(
    ...groups.map(({ x, y, radius }) =>
      draw("circle", { class: "group", cx: x, cy: y, r: radius }),
    ),
  );
  nameLayer.replaceChildren(...groups.map(drawGroupName));
  nodeLayer.replaceChildren(
    ...members.map((member) => {
      const node = drawNode(member, places.get(member.key), isDense, selection);
      nodes.set(member.key, node);
      return node.root;
    }),
  );
  nodes.get(focused)?.root.focus();
}

/** Scales organisation names up in a small graph. */
function nameSize({ clientWidth, clientHeight, viewBox }) {
  const { width, height } = viewBox.baseVal;
  return Math.max(13, 12 / Math.min(clientWidth / width, clientHeight / height));
}

function drawGroupName({ name, count, x, y, radius }) {
  const short = clip(name, GROUP_MAX);
  const label = count > 14 ? `${short} (${count})` : short;
  return draw("text", { class: "group-name", x, y: y - radius + 5 }, label);
}

function drawNode(member, { x, y }, isDense, selection) {
  const radius = isDense ? 7 : 16;
  const ring = draw("circle", { class: "pulse", r: radius });
  const sign = draw("text", { class: "sign", y: 5 });
  const division = draw("text", { class: "division", x: radius, y: -radius + 4 });
  const name = draw("text", { class: "name", y: radius + 16 }, clip(member.label, LABEL_MAX));
  const root = draw("g", { role: "button", transform: `translate(${x} ${y})` });
  root.append(ring, draw("circle", { class: "disc", r: radius }), sign, division, name);
  root.append(draw("circle", { class: "focus", r: radius + 4 }));
  root.dataset.key = member.key;
  root.dataset.name = member.name;
  const { key } = member;
  root.addEventListener("click", () => selection.select(key));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    selection.select(key);
  });
  for (const type of ["pointerenter", "focus"])
    root.addEventListener(type, () => selection.look(key));
  for (const type of ["pointerleave", "blur"]) root.addEventListener(type, () => selection.look());
  return { root, ring, sign, division, beat: undefined, radius };
}

function updateNode(node, member) {
  const { name, organisation, state, stateText, beat, group = -1 } = member;
  setAttributes(node.root, {
    class: `node ${state}${member.self ? " me" : ""}`,
    "aria-label": `${name}, ${organisation}, ${stateText}${member.self ? ", this member" : ""}`,
  });
  setText(node.sign, SIGNS[state]);
  setText(node.division, group < 0 ? "" : String(group + 1));
  if (node.beat !== undefined && node.beat !== beat && state !== "dead") pulse(node);
  node.beat = beat;
}

/** Shows a received heartbeat as a pulse. */
function pulse({ root, ring }) {
  const beats = Number(root.dataset.beats ?? 0) + 1;
  root.dataset.beats = String(beats);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  ring.animate(
    [
      { transform: "scale(1)", opacity: 0.7 },
      { transform: "scale(1.9)", opacity: 0 },
    ],
    {
      duration: PULSE_MS,
      easing: "ease-out",
    },
  );
}

function updateLinks({ layers, links, places }, wanted) {
  const keys = new Set(wanted.map(({ from, to }) => `${from} ${to}`));
  for (const [key, line] of links) {
    if (keys.has(key)) continue;
    line.remove();
    links.delete(key);
  }
  for (const { from, to, isCut } of wanted) {
    const [a, b] = [places.get(from), places.get(to)];
    if (a === undefined || b === undefined) continue;
    const key = `${from} ${to}`;
    const known = links.get(key);
    const line = known ?? draw("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y });
    line.dataset.ends = key;
    line.classList.add("link");
    line.classList.toggle("cut", isCut);
    if (known === undefined) layers[1].append(line);
    links.set(key, line);
  }
}

/** Highlights the selected member and the connections of the focused one. */
function highlight({ nodes, links, selection }) {
  for (const [key, { root }] of nodes) {
    const isSelected = key === selection.key;
    setAttributes(root, { "aria-pressed": isSelected });
    root.classList.toggle("selected", isSelected);
  }
  for (const line of links.values()) {
    const ends = line.dataset.ends.split(" ");
    line.classList.toggle("active", ends.includes(selection.shown));
  }
  const roots = [...nodes.values()].map(({ root }) => root);
  const focused = roots.find((root) => root === document.activeElement);
  setTabStop(roots, focused ?? nodes.get(selection.key)?.root ?? roots[0]);
}
