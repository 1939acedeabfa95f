/** What a diagram cannot enforce: who may import whom, what the pure parts may use, how long files are. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const LINES_MAX = 320;
const MEDIAN_LINES_MAX = 160;

const PARTS_OF_A_NODE = [
  "wire",
  "core",
  "channel",
  "messaging",
  "msp",
  "following",
  "transport",
  "config",
  "lib",
];

/** Each room and the rooms it may import from, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  wire: [],
  core: ["wire", "channel", "lib"],
  channel: ["wire"],
  "channel-maker": ["wire", "channel"],
  messaging: ["wire", "core", "lib"],
  msp: ["wire", "core", "channel", "lib"],
  transport: ["wire", "core", "lib"],
  config: ["core", "lib"],
  observe: PARTS_OF_A_NODE,
  following: ["wire", "core", "channel", "msp", "transport", "lib"],
  node: [...PARTS_OF_A_NODE, "observe"],
  reader: [
    "wire",
    "core",
    "channel",
    "msp",
    "following",
    "transport",
    "config",
    "observe",
    "node",
    "lib",
  ],
  ops: ["core", "transport", "config", "observe", "node", "lib"],
  doctor: ["core", "msp", "transport", "config", "observe", "following", "node", "lib"],
  devnet: [
    "wire",
    "channel",
    "channel-maker",
    "following",
    "msp",
    "config",
    "observe",
    "node",
    "ops",
    "lib",
  ],
  play: ["wire", "core", "transport", "observe", "node", "ops", "simulation", "lib"],
  simulation: [
    ...["wire", "core", "messaging", "transport", "observe", "node", "lib"],
    ...["channel", "channel-maker", "following", "config"],
  ],
  cli: [
    "config",
    "following",
    "msp",
    "transport",
    "observe",
    "node",
    "reader",
    "ops",
    "doctor",
    "devnet",
    "play",
    "simulation",
    "lib",
  ],
  index: [
    "wire",
    "core",
    "messaging",
    "msp",
    "following",
    "transport",
    "config",
    "observe",
    "node",
    "reader",
    "ops",
    "lib",
  ],
};

const PURE_ROOMS: readonly string[] = ["wire", "core", "channel", "channel-maker", "messaging"];
/** In the pure rooms, time, dice and I/O are parameters. */
const BANNED_IN_PURE: readonly (readonly [RegExp, string])[] = [
  [/from "node:/, "imports nothing from Node"],
  [/\bDate\b/, "takes the time as a parameter"],
  [/\bMath\.random\b/, "takes dice as a parameter"],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, "has no timers"],
  [/\b(process|performance|console|Buffer)\b[.(]/, "uses nothing of the platform"],
  [/\b(async|await|Promise)\b/, "is synchronous"],
];

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly isTest: boolean;
}

const sources: readonly Source[] = globSync(["src/**/*.ts", "simulation/**/*.ts"], {
  cwd: ROOT,
}).map((path) => ({
  path,
  room: roomOf(path),
  text: readFileSync(join(ROOT, path), "utf8"),
  isTest: /\.test\.ts$|testing[^/]*\.ts$/.test(path),
}));
const product = sources.filter(({ isTest }) => !isTest);

/** The pure rooms, and the helpers that they import. */
const purePaths: ReadonlySet<string> = new Set(
  product
    .filter(({ room }) => PURE_ROOMS.includes(room))
    .flatMap((source) => [source.path, ...importsOf(source)]),
);

/** Each layer of the core and those below it. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  types: [],
  rules: ["types"],
  tables: ["types", "rules"],
  handlers: ["types", "rules", "tables"],
  "core.ts": ["types", "rules", "tables", "handlers"],
};

/**
 * Circles of imports that still exist. Nothing may be added: what is mended is taken off.
 * Each line holds the members of one circle: files, or folders.
 */
const KNOWN_FILE_CIRCLES: readonly (readonly string[])[] = [];
const KNOWN_FOLDER_CIRCLES: readonly (readonly string[])[] = [
  ["src/observe", "src/observe/diagnosis", "src/observe/diagnosis/why"],
  ["simulation", "simulation/channels", "simulation/checkers"],
];

function roomOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "src" ? second.replace(/\.ts$/, "") : first;
}

function importsOf({ path, text }: Source): string[] {
  const found = text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
  return [...found].map(([, target = ""]) => normalize(join(dirname(path), target)));
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** Who imports whom, types included. */
function fileGraph(): Graph {
  const paths = new Set(product.map(({ path }) => path));
  return new Map(
    product.map((source) => [source.path, importsOf(source).filter((path) => paths.has(path))]),
  );
}

/** What is loaded with a file: neither types, nor what is imported when it is needed. */
function loadGraph(): Graph {
  const statement = /^(?:import|export)(?! type\b)[^;]*? from "(\.[^"]+)"/gm;
  return new Map(
    product.map(({ path, text }) => {
      const found = [...text.matchAll(statement)];
      return [path, found.map(([, to = ""]) => normalize(join(dirname(path), to)))];
    }),
  );
}

/** The same between folders. */
function folderGraph(): Graph {
  const graph = new Map<string, string[]>();
  for (const [path, targets] of fileGraph()) {
    const others = targets.map((target) => dirname(target)).filter((to) => to !== dirname(path));
    graph.set(dirname(path), [...(graph.get(dirname(path)) ?? []), ...others]);
  }
  return graph;
}

/** The groups whose members all lead to each other, sorted. */
function circlesOf(graph: Graph): string[][] {
  const reach = new Map([...graph.keys()].map((node) => [node, reachedFrom(graph, node)]));
  const circles = new Map<string, string[]>();
  for (const [node, reached] of reach) {
    const circle = [...reached].filter((other) => reach.get(other)?.has(node)).toSorted();
    if (circle.length > 1) circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

function reachedFrom(graph: Graph, start: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (!reached.has(next)) queue.push(next);
      reached.add(next);
    }
  }
  return reached;
}

/** Every circle is a known one or what is left of it; and every known one is still a circle. */
function assertKnown(circles: readonly string[][], known: readonly (readonly string[])[]): void {
  const isIn = (all: readonly string[]) => (one: string) => all.includes(one);
  const unknown = circles.filter((circle) => !known.some((all) => circle.every(isIn(all))));
  assert.deepEqual(unknown, [], "a new circle of imports");
  const mended = known.flat().filter((one) => !circles.some((circle) => circle.includes(one)));
  assert.deepEqual(mended, [], "in no circle any more: take it off the list");
}

/** Code without comments and string contents, so that prose may speak of what code may not use. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
}

describe("architecture", () => {
  test("the rooms are those we know", () => {
    const rooms = new Set(product.map(({ room }) => room));
    for (const room of rooms) assert.ok(room in MAY_IMPORT, room);
  });

  test("imports point one way", () => {
    const wrong: string[] = [];
    for (const source of product) {
      for (const target of importsOf(source)) {
        const room = roomOf(target);
        const allowed = [source.room, ...(MAY_IMPORT[source.room] ?? [])];
        if (!allowed.includes(room)) wrong.push(`${source.path} imports ${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("the layers of the core import downward only: below the handlers nobody sees the whole state", () => {
    const layerOf = (path: string) => path.split("/")[2] ?? "";
    const wrong = product
      .filter(({ room, path }) => room === "core" && !path.endsWith(".d.ts"))
      .flatMap((source) => {
        const layer = layerOf(source.path);
        const below = LAYERS[layer] ?? [];
        return importsOf(source)
          .filter((target) => target.startsWith("src/core/"))
          .filter((target) => layerOf(target) !== layer && !below.includes(layerOf(target)))
          .map((target) => `${source.path} imports ${target}`);
      });
    assert.deepEqual(wrong, []);
  });

  test("no files import each other in a circle", () => {
    assertKnown(circlesOf(fileGraph()), KNOWN_FILE_CIRCLES);
  });

  test("no folders import each other in a circle", () => {
    assertKnown(circlesOf(folderGraph()), KNOWN_FOLDER_CIRCLES);
  });

  test("a circle is found however long it is, and whoever only leads to it is left out", () => {
    const graph = new Map([
      ["start", ["a"]],
      ["a", ["b"]],
      ["b", ["c", "end"]],
      ["c", ["a"]],
      ["x", ["y", "end"]],
      ["y", ["x"]],
      ["end", []],
    ]);
    assert.deepEqual(circlesOf(graph).toSorted(), [
      ["a", "b", "c"],
      ["x", "y"],
    ]);
  });

  test("a verb loads neither protocol nor network unless it needs them", () => {
    const loaded = [...reachedFrom(loadGraph(), "src/cli/run.ts")];
    assert.ok(loaded.includes("src/cli/verbs-reader.ts"));
    assert.deepEqual(
      loaded.filter((path) =>
        /^src\/(core\/(?!types\/)|node|msp|following|transport\/grpc)/.test(path),
      ),
      [],
    );
  });

  test("nothing but the public API stands loose in src", () => {
    assert.deepEqual(globSync("src/*.ts", { cwd: ROOT }), ["src/index.ts"]);
  });

  test("product code does not import test code", () => {
    const wrong = product.filter((source) =>
      importsOf(source).some((target) => /testing[^/]*\.ts$|\.test\.ts$/.test(target)),
    );
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  for (const [pattern, rule] of BANNED_IN_PURE) {
    test(`${PURE_ROOMS.join(", ")}: ${rule}`, () => {
      const wrong = product.filter(
        ({ path, text }) =>
          purePaths.has(path) &&
          !path.endsWith(".d.ts") &&
          path !== "src/core/types/host.ts" && // Declares the Signer, which may be asynchronous.
          pattern.test(codeOf(text)),
      );
      assert.deepEqual(
        wrong.map(({ path }) => path),
        [],
      );
    });
  }

  test("the pure rooms need no package", () => {
    const wrong = product.filter(
      ({ path, text }) => purePaths.has(path) && /from "[^.]/.test(text),
    );
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  test(`no file is longer than ${LINES_MAX} lines, the median at most ${MEDIAN_LINES_MAX}`, () => {
    const lengths = product.map(({ path, text }) => ({ path, lines: text.split("\n").length }));
    assert.deepEqual(
      lengths.filter(({ lines }) => lines > LINES_MAX),
      [],
    );
    const median =
      lengths.map(({ lines }) => lines).sort((a, b) => a - b)[lengths.length >> 1] ?? 0;
    assert.ok(median <= MEDIAN_LINES_MAX, `median ${median}`);
  });

  test("a Verified is made in check.ts only", () => {
    const makers = product.filter(({ text }) => /as Verified</.test(text)).map(({ path }) => path);
    assert.deepEqual(makers, ["src/core/handlers/check.ts"]);
  });

  test("a PkiId is made where its rule is known, nowhere else", () => {
    const makers = product.filter(({ text }) => /as PkiId\b/.test(text)).map(({ path }) => path);
    assert.deepEqual(makers.toSorted(), ["src/msp/identity.ts", "src/wire/received.ts"]);
  });

  test("certificates of others are not read by what crashes on some of them", () => {
    const crashing = /\.(getPeerCertificate|getCertificate|toLegacyObject)\(/;
    const wrong = product.filter(({ text }) => crashing.test(codeOf(text)));
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  test("one file hands texts to the YAML parser, within limits", () => {
    const parsing = /\b(parse|parseDocument|parseAllDocuments)\b[^;]* from "yaml"/;
    const parsers = product.filter(({ text }) => parsing.test(text)).map(({ path }) => path);
    assert.deepEqual(parsers, ["src/lib/yaml-text.ts"]);
  });

  test("no error is swallowed without a word, no type forced, no check suppressed", () => {
    const wrong = product.filter(
      ({ text }) =>
        /@ts-|biome-ignore|catch\s*\{\s*\}/.test(text) || /\bas unknown as\b/.test(codeOf(text)),
    );
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });
});
