/** Polls while the page is visible. */
import { byId, setText } from "./dom.js";

const REFRESH_MS = 1_000;
/** Request timeout, needed because a paused process keeps its connections open. */
const ANSWER_MS = 5_000;

export async function getJson(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Calls `look` about once a second. Returns a function that calls it immediately. */
export function startPolling(look, complaint) {
  let timer;
  const refresh = async () => {
    clearTimeout(timer);
    const startedMs = performance.now();
    let pauseMs = REFRESH_MS;
    try {
      await look();
      complain("");
      // Leave time for rendering when a large network answers slowly.
      pauseMs = Math.max(REFRESH_MS, 4 * (performance.now() - startedMs));
    } catch (error) {
      complain(complaint);
      if (!isNoAnswer(error)) throw error;
    } finally {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(refresh, pauseMs);
    }
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    void (document.hidden || refresh());
  });
  return refresh;
}

/** A failed connection, timeout or error status; anything else is a bug in this page. */
function isNoAnswer(error) {
  return (
    error instanceof TypeError || error.name === "TimeoutError" || /: \d+$/.test(error.message)
  );
}

function complain(text) {
  const problem = byId("problem");
  setText(problem, text);
  problem.hidden = text === "";
}
