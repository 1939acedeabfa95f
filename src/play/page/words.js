/** The page in English and Chinese. `t("key")` is the text in the current language. */
import { byId } from "../../dashboard/dom.js";
import { CHINESE, chinese, ENGLISH } from "./texts.js";

const KEY = "fabric-gossip-language";
const TEXTS = { en: ENGLISH, zh: CHINESE };

const language = recall();

/** The text for a key, with `{name}` replaced. */
export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? ENGLISH[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** A word or sentence of the core or the worker, for readers. */
export function w(text) {
  return language === "zh" ? chinese(text) : text;
}

export function languageOf() {
  return language;
}

/** Whether a link asks for another language than the page has. */
export function isInOtherLanguage(link) {
  const wanted = new URLSearchParams(link).get("lang");
  return Object.hasOwn(TEXTS, wanted ?? "") && wanted !== language;
}

/** The button that changes the language: the page is loaded again, in the same run. */
export function startLanguage() {
  document.documentElement.lang = language;
  document.title = `fabric-gossip ${t("subtitle")}`;
  const button = byId("language");
  button.textContent = language === "en" ? "中文" : "English";
  button.lang = language === "en" ? "zh" : "en";
  button.addEventListener("click", () => {
    remember(language === "en" ? "zh" : "en");
    const words = new URLSearchParams(location.hash.slice(1));
    words.delete("lang");
    history.replaceState(null, "", `#${words}`);
    location.reload();
  });
}

function recall() {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("lang") ?? stored();
  if (wanted === "en" || wanted === "zh") return wanted;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // Storage may be disabled.
  }
}

function remember(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // The choice lasts until the page closes.
  }
}
