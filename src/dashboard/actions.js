/** Action buttons for a devnet member. */
import { button, setText } from "./dom.js";

/**
 * One button per action; its effect depends on the process state. A missing state disables it.
 * @type {readonly Record<string, string>[]}
 */
const BUTTONS = [
  { running: "stop", silent: "stop", stopped: "start" },
  { running: "kill", silent: "kill", otherwise: "kill" },
  { running: "pause", silent: "resume", otherwise: "pause" },
  { running: "revoke", silent: "revoke", stopped: "revoke" },
  { running: "renew", silent: "renew", stopped: "renew" },
];
/** Actions that do not depend on the state. */
const DONE = { revoke: "certificate revoked", renew: "certificate renewed" };
const TITLES = {
  stop: "SIGTERM: the member shuts down without notifying its peers",
  kill: "SIGKILL: it ends at once",
  start: "starts the process again",
  pause: "SIGSTOP: its connections stay open but silent",
  resume: "SIGCONT",
  revoke: "adds its certificate to its organisation's revocation list, which every member reloads",
  renew: "issues a new certificate, which it loads without a restart",
};

/** `report(text, level)` shows the result; `refresh()` polls again. */
export function createActions({ report, refresh, isolate }) {
  const act = async (name, made) => {
    const { action } = made.dataset;
    if (made.ariaDisabled === "true" || made.ariaBusy === "true") return;
    made.ariaBusy = "true";
    try {
      const path = `/api/v1/devnet/members/${name}/${action}`;
      const response = await fetch(path, { method: "POST" });
      if (!response.ok) report((await response.json()).error, "bad");
      else if (action in DONE) report(`${name}: ${DONE[action]}`, "dull");
    } catch {
      report(`${name}: ${action} could not be sent`, "bad");
    }
    made.ariaBusy = "false";
    await refresh();
  };
  return {
    create({ name }, isFull) {
      const buttons = BUTTONS.map(() => {
        const made = button("", () => act(name, made));
        return made;
      });
      const alone = button("Isolate", () => isolate(name), {
        ariaLabel: `Isolate ${name}`,
        title: "cuts it off from all others",
      });
      return {
        elements: isFull ? [...buttons, alone] : buttons,
        update: (member) => updateButtons(buttons, member),
      };
    },
  };
}

function updateButtons(buttons, { name, status, isAnswering }) {
  const answering = isAnswering ? "running" : "silent";
  const state = status === "stopped" ? "stopped" : answering;
  for (const [index, made] of buttons.entries()) {
    const action = BUTTONS[index][state] ?? BUTTONS[index].otherwise;
    if (made.dataset.action !== action) {
      setText(made, `${action[0].toUpperCase()}${action.slice(1)}`);
      made.dataset.action = action;
      made.ariaLabel = `${made.textContent} ${name}`;
      made.title = TITLES[action];
    }
    // Not `disabled`, which would remove the focus from the button just pressed.
    made.ariaDisabled = String(!(state in BUTTONS[index]));
  }
}
