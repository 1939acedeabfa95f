/** Asks again and again, while somebody looks. */
import { byId, setText } from "./dom.js";

const REFRESH_MS = 1_000;
/** Whoever takes longer does not answer: a paused process keeps its connections open. */
const ANSWER_MS = 5_000;

export async function getJson(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Calls `look` about once a second. Returns what calls it at once. */
export function startPolling(look, complaint) {
  let timer;
  const refresh = async () => {
    clearTimeout(timer);
    const startedMs = performance.now();
    let pauseMs = REFRESH_MS;
    try {
      await look();
      complain("");
      // A large network takes its time, and the page needs some for itself.
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

/** No connection, no answer in time, or one that says so; all else is a mistake of this page. */
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
