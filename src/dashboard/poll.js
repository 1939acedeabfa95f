/** Asks again and again, while somebody looks. */
import { byId, setText } from "./dom.js";

const REFRESH_MS = 1_000;

export async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Calls `look` about once a second. Returns what calls it at once. */
export function startPolling(look, complaint) {
  let timer;
  const refresh = async () => {
    clearTimeout(timer);
    const startedMs = performance.now();
    try {
      await look();
      complain("");
    } catch (error) {
      if (!(error instanceof TypeError) && !/: \d+$/.test(error.message)) throw error;
      complain(complaint);
    } finally {
      clearTimeout(timer);
      // A large network takes its time, and the page needs some for itself.
      const tookMs = performance.now() - startedMs;
      if (!document.hidden) timer = setTimeout(refresh, Math.max(REFRESH_MS, 4 * tookMs));
    }
  };
  document.addEventListener("visibilitychange", () => void (document.hidden || refresh()));
  return refresh;
}

function complain(text) {
  const problem = byId("problem");
  setText(problem, text);
  problem.hidden = text === "";
}
