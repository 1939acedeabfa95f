/** Play, pause, step, speed, and the settings of a run. */
import { button, make, setText } from "../../dashboard/dom.js";
import { t } from "./words.js";

/** From a tenth to a hundred times, three steps per decade. */
const SPEEDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const NORMAL = SPEEDS.indexOf(1);

export function createControls({ toggle, step, setSpeed }) {
  const play = button(t("play"), toggle, { className: "primary", id: "play" });
  const once = button(t("step"), () => step({}), { id: "step", title: t("stepTitle") });
  const speed = make("input", {
    ...{ type: "range", id: "speed", min: "0", max: String(SPEEDS.length - 1), value: `${NORMAL}` },
    ariaLabel: t("speed"),
  });
  const speedText = make("output", { className: "soft" });
  const time = make("output", { id: "time" });
  const show = () => {
    const value = SPEEDS[Number(speed.value)];
    const text = t("speedOf", { speed: value });
    speed.setAttribute("aria-valuetext", text);
    setText(speedText, `${value}×`);
    setSpeed(value);
  };
  speed.addEventListener("input", show);
  show();
  const label = make("label", { className: "speed" }, `${t("speed")} `, speed, speedText);
  const element = make("div", { className: "actions" }, play, once, label, time);
  return {
    element,
    /** A long way to a moment or a message. */
    running({ nowMs, untilMs }) {
      const [now, until] = [nowMs, untilMs].map((ms) => (ms / 1_000).toFixed(1));
      setText(time, t("onTheWay", { time: now, until }));
    },
    update({ frame, isPlaying, isLagging }) {
      setText(play, isPlaying ? t("pause") : t("play"));
      const seconds = (frame.nowMs / 1_000).toFixed(isPlaying ? 1 : 3);
      setText(time, t("time", { time: seconds }) + (isLagging ? ` · ${t("slower")}` : ""));
    },
  };
}

const FIELDS = [
  ["seed", "seed", 0, 4_294_967_295],
  ["members", "count", 3, 200],
  ["organisations", "organisations", 1, 10],
  ["delayMs", "delay", 1, 1_000],
];

/** The settings form. `open` gets the text of a link. */
export function createSetup(open) {
  const inputs = new Map();
  const form = make("form", { className: "setup" });
  for (const [name, text, min, max] of FIELDS) {
    const input = make("input", { type: "number", name, required: true });
    Object.assign(input, { min: String(min), max: String(max) });
    inputs.set(name, input);
    form.append(make("label", {}, `${t(text)} `, input));
  }
  const rules = make("select", { name: "rules" });
  rules.append(
    make("option", { value: "fabric-gossip" }, t("ours")),
    make("option", { value: "fabric" }, t("fabrics")),
  );
  inputs.set("rules", rules);
  form.append(make("label", {}, `${t("rules")} `, rules));
  form.append(make("button", { type: "submit" }, t("again")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    open([...inputs].map(([name, { value }]) => `${name}=${value}`).join("&"));
  });
  return {
    element: form,
    show(settings) {
      for (const [name, input] of inputs) input.value = String(settings[name]);
    },
  };
}
