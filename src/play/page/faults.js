/** Faults of the whole network: loss, delay, partition; and members that join. */
import { button, make, setText } from "../../dashboard/dom.js";
import { t } from "./words.js";

/** `act` gets a change; `arm` whether a finger draws. */
export function createFaults(act, arm) {
  const loss = make("input", {
    ...{ type: "range", min: "0", max: "90", value: "0", id: "loss" },
    ariaLabel: t("loss"),
  });
  const lossText = make("output", { className: "soft" }, "0 %");
  const show = () => setText(lossText, `${loss.value} %`);
  loss.addEventListener("change", () => act({ type: "loss", percent: Number(loss.value) }));
  loss.addEventListener("input", show);
  const delay = make("input", { type: "number", min: "1", max: "1000", value: "40", id: "delay" });
  delay.addEventListener("change", () => {
    if (delay.reportValidity()) act({ type: "delay", ms: Number(delay.value) });
  });
  const drawing = button(t("draw"), () => {
    const isOn = drawing.ariaPressed !== "true";
    drawing.ariaPressed = String(isOn);
    arm(isOn);
  });
  drawing.ariaPressed = "false";
  drawing.title = t("drawTitle");
  const joins = make("span", { className: "actions", id: "joins" });
  const element = make(
    "div",
    { className: "actions faults" },
    make("label", {}, `${t("loss")} `, loss, lossText),
    make("label", {}, `${t("delay")} `, delay),
    drawing,
    button(t("heal"), () => act({ type: "cut", members: [] })),
    joins,
  );
  let shown = "";
  return {
    element,
    /** Whatever set them: a hand, a link, or another run. */
    update({ members, conditions: { lossPercent, delayMs } }) {
      showJoins(joins, members, act);
      if (shown === `${lossPercent} ${delayMs}`) return;
      shown = `${lossPercent} ${delayMs}`;
      loss.value = String(lossPercent);
      delay.value = String(delayMs);
      show();
    },
  };
}

function showJoins(joins, members, act) {
  const names = [...new Set(members.map(({ organisation }) => organisation))];
  if (joins.childElementCount === names.length) return;
  joins.replaceChildren(
    ...names.map((name, organisation) =>
      button(t("join", { name }), () => act({ type: "join", organisation })),
    ),
  );
}
