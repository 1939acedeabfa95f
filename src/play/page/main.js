/** The playground: one worker runs the network; this page shows it and forwards input. */
import { button, byId, make, setText } from "../../dashboard/dom.js";
import { startTheme } from "../../dashboard/theme.js";
import { createControls, createSetup } from "./controls.js";
import { startEngine } from "./engine.js";
import { createFaults } from "./faults.js";
import { createMemberCard, createMessageCard } from "./inspector.js";
import { createLegend } from "./legend.js";
import { createStage } from "./stage.js";
import { createTimeline } from "./timeline.js";
import { createTours } from "./tour.js";
import { isInOtherLanguage, languageOf, startLanguage, t, w } from "./words.js";

/** A pause in a hidden tab is not caught up. */
const FRAME_MS_MAX = 100;
/** How often the selected member is refreshed while playing. */
const STATE_MS = 250;
const LINK_MS = 1_000;

/** `frame`: as `src/play/protocol.ts` has it. @type {any} */
const model = { frame: undefined, isPlaying: false, isLagging: false, speed: 1, selected: -1 };
let isAwaited = false;
let [lastMs, stateMs, linkMs] = [performance.now(), 0, 0];

startTheme((theme) => t("theme", { theme: t(theme) }));
startLanguage();
byId("subtitle").textContent = t("subtitle");
byId("skip").textContent = t("skip");

const engine = startEngine(hear);
const ask = (request) => {
  // A refused link stays in the address, to be corrected, until the visitor goes on.
  if (request.type !== "frame" || request.ms > 0) byId("problem").hidden = true;
  engine(request);
};
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
  tours.leave();
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
const faults = createFaults(act, (isOn) => stage.lasso.arm(isOn));

stage.head.append(controls.element);
stage.section.append(legend.element, faults.element);
const side = make("div", { className: "side" }, message.section, member.section);
byId("main").append(tours.section, stage.section, side, timeline.section, createRun());

function createRun() {
  const section = make("section", { className: "card run-card", "aria-labelledby": "run-title" });
  const outcome = make("output", { id: "copied" });
  const copy = button(t("copy"), async () => {
    showLink();
    outcome.textContent = "";
    // Browsers give no clipboard to pages of other machines without TLS.
    const isDone = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    outcome.textContent = t(isDone ? "copied" : "copiedNot");
  });
  section.append(
    make("div", { className: "card-head" }, make("h2", { id: "run-title" }, t("run"))),
    setup.element,
    make("p", { className: "soft" }, t("linkHere"), " ", copy, " ", outcome),
  );
  return section;
}

function showLink() {
  if (model.frame === undefined || !byId("problem").hidden) return;
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
  faults.update(frame);
  if (isFresh) timeline.update(model);
}

function take(frame) {
  model.frame = frame;
  if (frame.isOver) model.isPlaying = false;
  showAll(true);
}

function showStep({ type, isFound, step, frame }) {
  if (step === undefined) {
    message.clear(isFound || type === "opened" ? "noMessage" : "noneCame");
    return;
  }
  model.selected = step.to;
  message.show(step, frame.members);
  byId("announcement").textContent = byId("message-card-title").textContent;
}

function complain(text) {
  const problem = byId("problem");
  problem.textContent = text;
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
}

function hear(data) {
  if (data.type !== "running") isAwaited = false;
  switch (data.type) {
    case "refused":
      complain(t("refused", { reason: w(data.reason) }));
      model.isPlaying = false;
      setup.show(data.settings);
      // On a page that has just been opened, there is no former run.
      if (model.frame === undefined) ask({ type: "frame", ms: 0, member: -1 });
      return;
    case "full":
      complain(t("full"));
      return;
    case "running":
      controls.running(data);
      return;
    case "opened":
      setup.show(data.settings);
      timeline.clear();
      showStep(data);
      break;
    case "stepped":
      showStep(data);
      break;
    case "frame":
      model.isLagging = model.isPlaying && !data.frame.isInTime;
  }
  take(data.frame);
  stage.mark(model.selected);
  if (data.type === "stepped") tours.arrived(data.isFound, data.step !== undefined);
  if (data.type !== "frame" || !model.isPlaying) showLink();
}

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
  } else if (event.key === "n" && !isTyping(event.target)) step({});
});
function isTyping(target) {
  return target instanceof HTMLSelectElement || target instanceof HTMLInputElement;
}

addEventListener("resize", () => showAll(false));

/** A link typed or followed in this tab. */
addEventListener("hashchange", ({ newURL }) => {
  const link = new URL(newURL).hash.slice(1);
  if (isInOtherLanguage(link)) location.reload();
  else open(link);
});

const words = location.hash.slice(1);
open(words);
model.isPlaying = !words.includes("at=") && !matchMedia("(prefers-reduced-motion: reduce)").matches;
requestAnimationFrame(beat);
