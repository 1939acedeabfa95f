import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Column, formatTable } from "./table.ts";

interface Row {
  readonly name: string;
  readonly expires: string;
  readonly id: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", text: ({ name }) => name },
  { title: "ID", text: ({ id }) => id, weight: 1 },
  { title: "EXPIRES", text: ({ expires }) => expires },
];
const ROWS: readonly Row[] = [
  { name: "CN=peer0.org1.example.com", id: "0123456789abcdef", expires: "3649d" },
  { name: "short", id: "", expires: "1h" },
];

describe("formatTable()", () => {
  const cases = [
    {
      width: 80,
      want: [
        "NAME                       ID                EXPIRES",
        "CN=peer0.org1.example.com  0123456789abcdef  3649d",
        "short                                        1h",
      ],
    },
    {
      width: 40,
      want: [
        "NAME                       EXPIRES",
        "CN=peer0.org1.example.com  3649d",
        "short                      1h",
      ],
    },
    { width: 20, want: ["NAME         EXPIRES", "CN=peer0.o…  3649d", "short        1h"] },
  ];
  for (const { width, want } of cases) {
    test(`at ${width} columns keeps the important ones and cuts the widest`, () => {
      assert.equal(formatTable(ROWS, COLUMNS, width), want.join("\n"));
    });
  }

  test("is never wider than the terminal, however narrow", () => {
    for (let width = 1; width < 60; width++) {
      for (const line of formatTable(ROWS, COLUMNS, width).split("\n")) {
        assert.ok(line.length <= width);
      }
    }
  });
});

test("a terminal that has no width cuts nothing", () => {
  const columns = [{ title: "NAME", text: (row: string) => row }];
  const whole = formatTable(["peer0.org1.example.com"], columns);
  for (const width of [0, -1, Number.NaN]) {
    assert.equal(formatTable(["peer0.org1.example.com"], columns, width), whole);
  }
});

test("nothing in a cell starts a row or steers the terminal", () => {
  const columns = [
    { title: "NAME", text: (row: string) => row },
    { title: "MSP", text: () => "A" },
  ];
  const table = formatTable(["x\u001b[2J\nFORGED\u009b", "y"], columns);
  assert.equal(table.split("\n").length, 3);
  assert.doesNotMatch(table.replaceAll("\n", ""), /\p{Cc}/u);
});

describe("text of others in a table", () => {
  const columns: readonly Column<readonly [string, string]>[] = [
    { title: "NAME", text: ([name]) => name },
    { title: "MSP", text: ([, mspId]) => mspId, colour: () => "green" },
  ];

  test("wide characters and accents leave the columns where they are", () => {
    const rows = [
      ["组织一", "A"],
      ["e\u0301te\u0301", "B"],
      ["🙂", "C"],
      ["plain", "D"],
    ] as const;
    assert.deepEqual(formatTable(rows, columns).split("\n"), [
      "NAME    MSP",
      "组织一  A",
      "e\u0301te\u0301     B",
      "🙂      C",
      "plain   D",
    ]);
  });

  test("is never cut within a character", () => {
    const rows = [["🙂组🙂组🙂组🙂组🙂组", "组组组组组组组组组组"]] as const;
    for (let width = 1; width < 45; width++) {
      const table = formatTable(rows, columns, width);
      assert.doesNotMatch(table, /\p{Cs}/u);
    }
  });

  test("cannot look like a column of its own", () => {
    const table = formatTable([["h:1  Org1MSP  alive", "Org2MSP"]], columns);
    assert.doesNotMatch(table, /h:1 {2}Org1MSP/);
  });

  test("is painted in whole cells, and blanks are not", () => {
    const painted = formatTable(
      [["a", "b"]],
      columns,
      80,
      (colour, text) => `<${colour}>${text}</>`,
    );
    assert.equal(painted, "NAME  MSP\na     <green>b</>");
  });

  test("of many thousand rows is formatted in bounded time", () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [`组${i}`, "Org1MSP"] as const);
    const startMs = process.cpuUsage().user;
    formatTable(rows, columns, 80);
    assert.ok(process.cpuUsage().user - startMs < 5_000_000);
  });
});
