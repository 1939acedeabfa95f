import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readServerEvents, type ServerEvent } from "./event-stream.ts";

async function read(...chunks: readonly string[]): Promise<ServerEvent[]> {
  async function* stream(): AsyncGenerator<string> {
    yield* chunks;
  }
  const events: ServerEvent[] = [];
  for await (const event of readServerEvents(stream())) events.push(event);
  return events;
}

const STREAM =
  'retry: 1\n: hello\n\nid: 7\ndata: {"a":1}\n\nevent: gap\ndata: {}\n\n: still here\n\n';
const EVENTS: readonly ServerEvent[] = [
  { id: "7", type: "message", data: '{"a":1}' },
  { id: undefined, type: "gap", data: "{}" },
];

describe("readServerEvents()", () => {
  test("passes over comments and what is not an event", async () => {
    assert.deepEqual(await read(STREAM), EVENTS);
  });

  test("does not mind how the stream was cut, nor which line ends it has", async () => {
    const cuts = fc.array(fc.nat(STREAM.length), { maxLength: 10 });
    const ends = fc.constantFrom("\n", "\r\n");
    await fc.assert(
      fc.asyncProperty(cuts, ends, async (places, end) => {
        const stream = STREAM.replaceAll("\n", end);
        const sorted = [0, ...places.toSorted((a, b) => a - b), stream.length];
        const chunks = sorted.slice(1).map((place, i) => stream.slice(sorted[i], place));
        assert.deepEqual(await read(...chunks), EVENTS);
      }),
    );
  });

  test("joins the lines of one event, and leaves an unfinished one away", async () => {
    assert.deepEqual(await read("data: a\ndata:b\n\ndata: c\n"), [
      { id: undefined, type: "message", data: "a\nb" },
    ]);
  });

  test("gives up a line without end", async () => {
    assert.deepEqual(await read(...Array(3).fill("x".repeat(600_000)), "\n\ndata: late\n\n"), []);
  });
});
