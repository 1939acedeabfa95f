/** Draws a partition: around some members, or a line with members on both sides. */
import { draw, setAttributes } from "../../dashboard/dom.js";

/** Shorter strokes, in units of the picture, are ignored. */
const STROKE_MIN = 20;

/** `done` gets the members on one side; neither side is empty. */
export function createLasso(svg, { places, toPlane, done }) {
  const path = draw("path", { class: "lasso", hidden: "" });
  svg.append(path);
  let stroke;
  let isArmed = false;
  const end = (isDone) => {
    const points = stroke;
    stroke = undefined;
    setAttributes(path, { d: "" });
    if (!isDone || points === undefined) return;
    const inside = divide(points, places());
    if (inside.length > 0) done(inside);
  };
  svg.addEventListener("pointerdown", (event) => {
    const mayDraw = isArmed || event.pointerType === "mouse";
    if (!mayDraw || event.button !== 0 || event.target.closest(".node")) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    stroke = [toPlane(event)];
  });
  svg.addEventListener("pointermove", (event) => {
    if (stroke === undefined) return;
    stroke.push(toPlane(event));
    setAttributes(path, { d: `M${stroke.map(({ x, y }) => `${x} ${y}`).join("L")}` });
  });
  svg.addEventListener("pointerup", () => end(true));
  svg.addEventListener("pointercancel", () => end(false));
  return {
    /** Lets touch draw, which otherwise scrolls the page. */
    arm(isOn) {
      isArmed = isOn;
      svg.classList.toggle("armed", isOn);
    },
  };
}

/** The members inside the closed stroke; if it contains none or all, those beside the line. */
export function divide(points, places) {
  const [first, last] = [points[0], points.at(-1)];
  const reach = Math.max(...points.map(({ x, y }) => Math.hypot(x - first.x, y - first.y)));
  if (reach < STROKE_MIN) return [];
  const inside = numbersOf(places, (place) => isInside(points, place));
  if (inside.length > 0 && inside.length < places.length) return inside;
  const side = ({ x, y }) =>
    (last.x - first.x) * (y - first.y) - (last.y - first.y) * (x - first.x);
  const beside = numbersOf(places, (place) => side(place) > 0);
  return beside.length < places.length ? beside : [];
}

function numbersOf(places, isIn) {
  return places.flatMap((place, index) => (isIn(place) ? [index] : []));
}

/** Even-odd rule. */
function isInside(points, { x, y }) {
  let isIn = false;
  points.forEach((a, index) => {
    const b = points[(index + 1) % points.length];
    const crosses = a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x;
    if (crosses) isIn = !isIn;
  });
  return isIn;
}
