/** Theme: light, dark or system default; persisted. */
import { byId } from "./dom.js";

const NEXT = { system: "light", light: "dark", dark: "system" };
const KEY = "fabric-gossip-theme";

/** `label`: the button's text for a theme. */
export function startTheme(label = (theme) => `Theme: ${theme}`) {
  const made = byId("theme");
  let theme = recall();
  const show = () => {
    document.documentElement.dataset.theme = theme;
    made.textContent = label(theme);
  };
  made.addEventListener("click", () => {
    theme = NEXT[theme];
    remember(theme);
    show();
  });
  show();
}

function recall() {
  try {
    const theme = localStorage.getItem(KEY);
    return theme !== null && theme in NEXT ? theme : "system";
  } catch {
    return "system"; // Storage may be disabled.
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice lasts until the page closes.
  }
}
