import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { createLog, type LogOptions, type LogStream } from "./log.ts";

const NOON_MS = Date.UTC(2026, 0, 2, 12, 0, 0, 250);

function capture(options: LogOptions, stream: Partial<LogStream> = {}) {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const log = createLog({ nowMs: () => NOON_MS, ...options, stream: { write, ...stream } });
  return { log, lines };
}

describe("text for people", () => {
  test("has time, level, name, message and fields", () => {
    const { log, lines } = capture({});
    log
      .logger("gossip.comm")
      .warn("refused a peer", { endpoint: "a:1", why: "no trust", tries: 3 });
    assert.deepEqual(lines, [
      "2026-01-02T12:00:00.250Z WARN  gossip.comm: refused a peer " +
        'endpoint=a:1 why="no trust" tries=3\n',
    ]);
  });

  test("is coloured on a terminal only", () => {
    const terminal = capture({}, { isTTY: true });
    terminal.log.logger("a").info("x");
    assert.ok(terminal.lines[0]?.includes("\u001b[32mINFO"));
    const pipe = capture({}, { isTTY: false });
    pipe.log.logger("a").info("x");
    assert.equal(pipe.lines[0]?.includes("\u001b"), false);
  });

  test("keeps a hostile text on one line and away from the terminal", () => {
    const { log, lines } = capture({});
    log.logger("a").info("x\nERROR fake\u001b[2J\u009b", { peer: "\u202ehost\r" });
    assert.equal(
      lines.join(""),
      "2026-01-02T12:00:00.250Z INFO  a: x\\u000aERROR fake\\u001b[2J\\u009b " +
        'peer="\\u202ehost\\r"\n',
    );
  });

  test("cuts what is too long", () => {
    const { log, lines } = capture({});
    log.logger("a").info("m".repeat(1e6), { text: "t".repeat(1e6), bytes: new Uint8Array(1e6) });
    assert.ok((lines[0]?.length ?? 0) < 7_000, String(lines[0]?.length));
  });
});

test("json has the keys of Fabric's JSON log, and bytes, bigints and errors as text", () => {
  const { log, lines } = capture({ format: "json" });
  const fields = { sequence: 2n ** 63n, id: new Uint8Array([1, 255]), cause: new Error("no") };
  log.logger("gossip").error("x", fields);
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    level: "error",
    ts: NOON_MS / 1_000,
    name: "gossip",
    msg: "x",
    sequence: "9223372036854775808",
    id: "01ff",
    cause: "no",
  });
});

describe("levels", () => {
  test("decide per logger what is written", () => {
    const { log, lines } = capture({ format: "json", spec: "error:gossip=debug" });
    for (const name of ["gossip.comm", "msp"]) {
      const logger = log.logger(name);
      logger.debug("d");
      logger.info("i");
      logger.warn("w");
      logger.error("e");
    }
    const written = lines.map((line) => JSON.parse(line)).map(({ name, msg }) => `${name} ${msg}`);
    assert.deepEqual(written, [
      "gossip.comm d",
      "gossip.comm i",
      "gossip.comm w",
      "gossip.comm e",
      "msp e",
    ]);
  });

  test("can be changed at any time, also of loggers handed out before", () => {
    const { log, lines } = capture({});
    const logger = log.logger("gossip");
    logger.debug("unseen");
    log.setSpec("gossip=debug");
    assert.ok(logger.isEnabled("debug"));
    logger.debug("seen");
    log.setSpec("fatal");
    logger.error("unseen");
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /gossip: seen\n$/);
    assert.equal(log.spec(), "fatal");
  });

  test("stay as they are when the new specification is wrong", () => {
    const { log } = capture({ spec: "gossip=debug" });
    assert.throws(() => log.setSpec("gossip=error:loud"), GossipError);
    assert.equal(log.spec(), "gossip=debug:info");
    assert.ok(log.logger("gossip").isEnabled("debug"));
  });

  test("spare a suppressed line all work: its fields are not even looked at", () => {
    const { log, lines } = capture({});
    const fields = {
      get dear(): string {
        throw new Error("was formatted");
      },
    };
    log.logger("gossip").debug("x", fields);
    assert.deepEqual(lines, []);
    assert.throws(() => log.logger("gossip").info("x", fields), /was formatted/);
  });
});

test("a reader that falls behind costs lines, not memory, and is told how many", () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line), writableLength: 0 };
  const logger = createLog({ stream, nowMs: () => NOON_MS }).logger("a");
  logger.info("1");
  stream.writableLength = 2 << 20;
  logger.info("2");
  logger.info("3");
  stream.writableLength = 0;
  logger.info("4");
  const messages = lines.map((line) => line.replace(/^.*?: /, ""));
  assert.deepEqual(messages, ["1\n", "4\n", "2 lines were dropped because nobody read them\n"]);
});
