import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Column, formatTable } from "./table.ts";
import { painter, rewriteLine, widthOf } from "./terminal.ts";

const terminal = { isTTY: true, columns: 40 };

describe("colours", () => {
  const cases = [
    { name: "are for terminals", stream: terminal, env: {}, coloured: true },
    { name: "are not for files and pipes", stream: {}, env: {}, coloured: false },
    { name: "are off with NO_COLOR", stream: terminal, env: { NO_COLOR: "1" }, coloured: false },
    {
      name: "stay with an empty NO_COLOR",
      stream: terminal,
      env: { NO_COLOR: "" },
      coloured: true,
    },
    {
      name: "are off where there are none",
      stream: terminal,
      env: { TERM: "dumb" },
      coloured: false,
    },
  ];
  for (const { name, stream, env, coloured } of cases) {
    test(name, () => {
      const expected = coloured ? "\x1b[31mdead\x1b[0m" : "dead";
      assert.equal(painter(stream, env)("red", "dead"), expected);
    });
  }

  test("take no room in a table", () => {
    const columns: readonly Column<string>[] = [
      {
        title: "STATUS",
        text: (row) => row,
        colour: (row) => (row === "dead" ? "red" : undefined),
      },
      { title: "N", text: () => "1" },
    ];
    const rows = ["alive", "dead"];
    const coloured = formatTable(rows, columns, 20, painter(terminal, {}));
    assert.ok(coloured.includes("\x1b[31mdead"));
    const bare = coloured.replaceAll("\x1b[31m", "").replaceAll("\x1b[0m", "");
    assert.equal(bare, formatTable(rows, columns, 20));
  });
});

test("only a terminal has a width", () => {
  assert.deepEqual([widthOf(terminal), widthOf({ columns: 80 })], [40, undefined]);
});

test("a line that is rewritten never takes a second one, and is for terminals", () => {
  const written: string[] = [];
  const write = (text: string): number => written.push(text);
  rewriteLine({ ...terminal, columns: 10, write }, "1 of 3000 seeds");
  rewriteLine({ isTTY: true, write }, "1 of 3000 seeds");
  rewriteLine({ columns: 10, write }, "1 of 3000 seeds");
  assert.deepEqual(written, ["\r\x1b[K1 of 3000", "\r\x1b[K1 of 3000 seeds"]);
});
