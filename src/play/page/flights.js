/** Links and messages in transit on the canvas. Each message stays visible long enough. */
import { kindOf } from "../../dashboard/message-types.js";

/** Minimum real milliseconds of a message's way, at any speed. */
const SHOWN_MS = 320;
/** Maximum messages drawn. */
const SPRITES_MAX = 600;
/** Maximum messages drawn with a letter. */
const LETTERS_MAX = 40;
/** Colours are read again after this many paints, since the theme may change. */
const COLOURS_EVERY = 30;

export function createFlights(canvas, legend) {
  const context = canvas.getContext("2d");
  const still = document.createElement("canvas");
  const parts = {
    ...{ canvas, context, legend, sprites: new Map(), paints: 0, colours: {} },
    // The links, which change far less often than what moves along them.
    ...{ still, stillContext: still.getContext("2d"), drawn: "" },
  };
  return {
    take: (frame) => take(parts.sprites, frame),
    paint(stage, model, elapsedMs) {
      if (parts.paints % COLOURS_EVERY === 0) parts.colours = legend.colours();
      parts.paints += 1;
      fit(parts, stage);
      paintLinks(parts, stage, model);
      return paintSprites(parts, stage, elapsedMs, legend.isShown);
    },
  };
}

/** Takes the new positions; missing messages were lost. */
function take(sprites, { flying, landed }) {
  const present = new Set();
  for (const { id, kind, from, to, part } of [...landed, ...flying]) {
    present.add(id);
    const known = sprites.get(id);
    if (known !== undefined) known.part = Math.max(known.part, part);
    else if (sprites.size < SPRITES_MAX) sprites.set(id, { kind, from, to, part, shown: 0 });
  }
  for (const [id, sprite] of sprites) {
    if (!present.has(id) && sprite.part < 1) sprites.delete(id);
  }
}

function fit({ canvas, still }, stage) {
  const ratio = Math.min(2, devicePixelRatio);
  const [width, height] = [stage.width, stage.height].map((px) => Math.round(px * ratio));
  for (const one of [canvas, still]) {
    if (one.width !== width) one.width = width;
    if (one.height !== height) one.height = height;
  }
}

function place(context, { scale, offset }) {
  const ratio = Math.min(2, devicePixelRatio);
  context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * offset.x, ratio * offset.y);
}

function paintLinks(parts, stage, model) {
  const { context, canvas, still, colours } = parts;
  const { frame, selected } = model;
  const look = [colours.link, colours.cut, canvas.width, canvas.height, stage.scale, selected];
  const drawn = `${look.join()} ${frame.links.join()} ${frame.cut.join()}`;
  if (drawn !== parts.drawn) {
    parts.drawn = drawn;
    drawLinks(parts, stage, model);
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (canvas.width > 0 && canvas.height > 0) context.drawImage(still, 0, 0);
}

function drawLinks({ stillContext: context, still, colours }, stage, { frame, selected }) {
  const { places, isDense } = stage;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, still.width, still.height);
  place(context, stage);
  const strike = (pairs, colour, width, alpha, dash) => {
    context.beginPath();
    for (const [a, b] of pairs) {
      if (places[a] === undefined || places[b] === undefined) continue;
      context.moveTo(places[a].x, places[a].y);
      context.lineTo(places[b].x, places[b].y);
    }
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.globalAlpha = alpha;
    context.stroke();
  };
  strike(frame.links, colours.link, 1, isDense ? 0.1 : 0.3, []);
  strike(frame.cut, colours.cut, 1.5, 0.8, [3, 5]);
  const own = frame.links.filter((pair) => pair.includes(selected));
  strike(own, colours.link, 1.5, 0.8, []);
  context.setLineDash([]);
}

/** Whether some are still moving. */
function paintSprites({ context, sprites, colours }, stage, elapsedMs, isShown) {
  const { places, isDense } = stage;
  place(context, stage);
  const hasLetters = !isDense && sprites.size <= LETTERS_MAX;
  const radius = hasLetters ? 8 : isDense ? 2.5 : 4;
  /** One path of each kind: a colour is set once. */
  const paths = new Map();
  const letters = [];
  let isMoving = false;
  context.globalAlpha = 1;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = "700 10px system-ui, sans-serif";
  for (const [id, sprite] of sprites) {
    sprite.shown = Math.min(sprite.part, sprite.shown + elapsedMs / SHOWN_MS);
    if (sprite.shown >= 1) sprites.delete(id);
    else isMoving ||= sprite.shown < sprite.part;
    const [a, b] = [places[sprite.from], places[sprite.to]];
    if (a === undefined || b === undefined || !isShown(sprite.kind)) continue;
    const x = a.x + (b.x - a.x) * sprite.shown;
    const y = a.y + (b.y - a.y) * sprite.shown;
    const path = paths.get(sprite.kind) ?? new Path2D();
    paths.set(sprite.kind, path);
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
    if (hasLetters) letters.push([letterOf(sprite.kind), x, y]);
  }
  for (const [kind, path] of paths) {
    context.fillStyle = colours[kind];
    context.fill(path);
  }
  context.fillStyle = colours.letter;
  for (const [letter, x, y] of letters) context.fillText(letter, x, y);
  return isMoving;
}

export function letterOf(kind) {
  return kindOf(typeOf(kind)).letter;
}

/** The simulator's name of a handshake differs from the API's. */
export function typeOf(kind) {
  return kind === "handshake" ? "conn-establish" : kind;
}
