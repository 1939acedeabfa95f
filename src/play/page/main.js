/** The playground: one worker runs the network; this page shows it and forwards input. */
import { button, byId, make, setText } from "../../dashboard/dom.js";
import { startTheme } from "../../dashboard/theme.js";
import { createControls, createSetup } from "./controls.js";
import { createMemberCard, createMessageCard } from "./inspector.js";
import { createLegend } from "./legend.js";
import { createStage } from "./stage.js";
import { createTimeline } from "./timeline.js";
import { createTours } from "./tour.js";
import { languageOf, startLanguage, t, w } from "./words.js";

/** A pause in a hidden tab is not caught up. */
const FRAME_MS_MAX = 100;
/** How often the selected member is refreshed while playing. */
const STATE_MS = 250;
const LINK_MS = 1_000;

/** `frame`: as `src/play/protocol.ts` has it. @type {any} */
const model = { frame: undefined, isPlaying: false, isLagging: false, speed: 1, selected: -1 };
const worker = new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
let isAwaited = false;
let [lastMs, stateMs, linkMs] = [performance.now(), 0, 0];

startTheme((theme) => t("theme", { theme: t(theme) }));
startLanguage();
byId("subtitle").textContent = t("subtitle");
byId("skip").textContent = t("skip");

const ask = (request) => worker.postMessage(request);
const act = (change) => ask({ type: "act", change });
const step = (wanted) => {
  model.isPlaying = false;
  ask({ type: "step", wanted });
};
const toggle = () => {
  model.isPlaying = !model.isPlaying;
  showAll(false);
};
const select = (index) => {
  model.selected = index;
  stage.mark(model.selected);
  ask({ type: "frame", ms: 0, member: model.selected });
};
const open = (link) => {
  model.isPlaying = false;
  ask({ type: "open", link });
};

const controls = createControls({
  toggle,
  step,
  setSpeed: (speed) => {
    model.speed = speed;
  },
});
const legend = createLegend();
const stage = createStage({ select, legend, cut: (members) => act({ type: "cut", members }) });
const member = createMemberCard({ act, step });
const message = createMessageCard();
const timeline = createTimeline(select);
const setup = createSetup(open);
const tours = createTours(ask, (index) => {
  model.isPlaying = false;
  model.selected = index;
});

stage.head.append(controls.element);
stage.section.append(legend.element, createFaults());
const side = make("div", { className: "side" }, message.section, member.section);
byId("main").append(tours.section, stage.section, side, timeline.section, createRun());

/** Faults of the whole network. */
function createFaults() {
  const loss = make("input", {
    type: "range",
    min: "0",
    max: "50",
    value: "0",
    ariaLabel: t("loss"),
  });
  const lossText = make("output", { className: "soft" }, "0 %");
  loss.addEventListener("change", () => act({ type: "loss", percent: Number(loss.value) }));
  loss.addEventListener("input", () => setText(lossText, `${loss.value} %`));
  const delay = make("input", { type: "number", min: "1", max: "1000", value: "40" });
  delay.addEventListener(
    "change",
    () => delay.checkValidity() && act({ type: "delay", ms: Number(delay.value) }),
  );
  const drawing = button(t("draw"), () => {
    const isOn = drawing.ariaPressed !== "true";
    drawing.ariaPressed = String(isOn);
    stage.lasso.arm(isOn);
  });
  drawing.ariaPressed = "false";
  drawing.title = t("drawTitle");
  const joins = make("span", { className: "actions", id: "joins" });
  return make(
    "div",
    { className: "actions faults" },
    make("label", {}, `${t("loss")} `, loss, lossText),
    make("label", {}, `${t("delay")} `, delay),
    drawing,
    button(t("heal"), () => act({ type: "cut", members: [] })),
    joins,
  );
}

function createRun() {
  const section = make("section", { className: "card run-card", "aria-labelledby": "run-title" });
  const copy = button(t("copy"), async () => {
    showLink();
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    byId("announcement").textContent = t("copied");
  });
  section.append(
    make("div", { className: "card-head" }, make("h2", { id: "run-title" }, t("run"))),
    setup.element,
    make("p", { className: "soft" }, t("linkHere"), " ", copy),
  );
  return section;
}

function showJoins({ members }) {
  const names = [...new Set(members.map(({ organisation }) => organisation))];
  const joins = byId("joins");
  if (joins.childElementCount === names.length) return;
  joins.replaceChildren(
    ...names.map((name, organisation) =>
      button(t("join", { name }), () => act({ type: "join", organisation })),
    ),
  );
}

function showLink() {
  if (model.frame === undefined) return;
  const hash = `#${model.frame.link}`;
  const own = languageOf() === "zh" ? `${hash === "#" ? "" : "&"}lang=zh` : "";
  if (location.hash !== hash + own) history.replaceState(null, "", hash + own);
}

function showAll(isFresh) {
  const { frame } = model;
  if (frame === undefined) return;
  const { agreeing, running } = frame.agreement;
  const badge = byId("agreement");
  setText(badge, t("agreeing", { agreeing, running }));
  badge.title = t("agreeingTitle");
  badge.className = `badge ${agreeing === running ? "good" : "warn"}`;
  controls.update(model);
  legend.update(frame);
  stage.update(model, isFresh);
  member.update(model);
  showJoins(frame);
  if (isFresh) timeline.update(model);
}

function take(frame) {
  model.frame = frame;
  showAll(true);
}

function showStep({ step, frame }) {
  if (step === undefined) {
    message.clear();
    return;
  }
  model.selected = step.to;
  message.show(step, frame.members);
  byId("announcement").textContent = byId("message-card-title").textContent;
}

worker.addEventListener("message", ({ data }) => {
  switch (data.type) {
    case "refused":
      byId("problem").hidden = false;
      byId("problem").textContent = t("refused", { reason: w(data.reason) });
      return;
    case "opened":
      byId("problem").hidden = true;
      setup.show(data.settings);
      timeline.clear();
      message.clear();
      break;
    case "stepped":
      showStep(data);
      break;
    case "frame":
      isAwaited = false;
      model.isLagging = model.isPlaying && !data.frame.isInTime;
  }
  take(data.frame);
  stage.mark(model.selected);
  if (data.type === "stepped") tours.arrived(data.isFound, data.step !== undefined);
  if (data.type !== "frame" || !model.isPlaying) showLink();
});

function beat(nowMs) {
  const elapsedMs = Math.min(FRAME_MS_MAX, nowMs - lastMs);
  lastMs = nowMs;
  if (model.isPlaying && !isAwaited) {
    const isDue = nowMs - stateMs > STATE_MS;
    if (isDue) stateMs = nowMs;
    isAwaited = true;
    ask({ type: "frame", ms: elapsedMs * model.speed, member: isDue ? model.selected : -1 });
  }
  if (model.isPlaying && nowMs - linkMs > LINK_MS) {
    linkMs = nowMs;
    showLink();
  }
  if (model.frame !== undefined) stage.paint(model, elapsedMs);
  requestAnimationFrame(beat);
}

addEventListener("keydown", (event) => {
  const isBusy =
    event.target instanceof Element &&
    event.target.closest("input, select, button, a, pre, [role=button], summary");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && !isBusy) {
    event.preventDefault();
    toggle();
  } else if (event.key === "n" && !(event.target instanceof HTMLInputElement)) step({});
});
addEventListener("resize", () => showAll(false));

/** A link typed or followed in this tab. */
addEventListener("hashchange", ({ newURL }) => open(new URL(newURL).hash.slice(1)));

const words = location.hash.slice(1);
open(words);
model.isPlaying = !words.includes("at=") && !matchMedia("(prefers-reduced-motion: reduce)").matches;
requestAnimationFrame(beat);
