/** Overall state in one line at the top. */
import { byId, setText } from "./dom.js";

export function showSummary({ text, level }) {
  const badge = byId("summary");
  setText(badge, text);
  badge.className = `badge ${level}`;
}
