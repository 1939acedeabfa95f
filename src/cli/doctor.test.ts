import assert from "node:assert/strict";
import { test } from "node:test";
import { createProgress } from "./doctor.ts";

/** What stands on the last line of a screen. */
function screen(isTTY: boolean) {
  let line = "";
  const write = (text: string): void => {
    line = text.startsWith("\r\x1b[K") ? text.slice(4) : line + text;
  };
  return { isTTY, write, line: () => line };
}

test("much work shows on one line of a terminal how far it is, and leaves nothing", () => {
  const terminal = screen(true);
  const progress = createProgress(terminal);
  progress.show(1, 1_000);
  progress.show(2, 1_000);
  assert.equal(terminal.line(), "examined 2 of 1000 bootstrap and anchor peers");
  progress.erase();
  assert.equal(terminal.line(), "");
  progress.show(999, 1_000);
  progress.show(1_000, 1_000);
  assert.equal(terminal.line(), "");
});

test("little work, and a pipe, show nothing", () => {
  const [terminal, pipe] = [screen(true), screen(false)];
  createProgress(terminal).show(1, 19);
  createProgress(pipe).show(1, 1_000);
  assert.deepEqual([terminal.line(), pipe.line()], ["", ""]);
});
