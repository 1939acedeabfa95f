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
  const parts = { canvas, context, legend, sprites: new Map(), paints: 0, colours: {} };
  return {
    take: (frame) => take(parts.sprites, frame),
    paint(stage, model, elapsedMs) {
      if (parts.paints % COLOURS_EVERY === 0) parts.colours = legend.colours();
      parts.paints += 1;
      fit(canvas, stage);
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

function fit(canvas, { frame }) {
  const ratio = Math.min(2, devicePixelRatio);
  const [width, height] = [frame.clientWidth, frame.clientHeight].map((px) =>
    Math.round(px * ratio),
  );
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
}

function paintLinks({ context, canvas, colours }, stage, { frame, selected }) {
  const { places, scale, offset, isDense } = stage;
  const ratio = Math.min(2, devicePixelRatio);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * offset.x, ratio * offset.y);
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
  const hasLetters = !isDense && sprites.size <= LETTERS_MAX;
  const radius = hasLetters ? 8 : isDense ? 2.5 : 4;
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
    context.fillStyle = colours[sprite.kind];
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    if (!hasLetters) continue;
    context.fillStyle = colours.letter;
    context.fillText(letterOf(sprite.kind), x, y);
  }
  return isMoving;
}

export function letterOf(kind) {
  return kindOf(typeOf(kind)).letter;
}

/** The simulator's name of a handshake differs from the API's. */
export function typeOf(kind) {
  return kind === "handshake" ? "conn-establish" : kind;
}
