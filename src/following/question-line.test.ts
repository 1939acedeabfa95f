/** How soon a question is asked again that was met with silence. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import type { GossipMessage } from "../wire/messages.ts";
import { QuestionLine } from "./question-line.ts";

const REQUEST = { content: { type: "hello", value: {} } } as const;
const LATE = { content: { type: "state-response", value: { payloads: [] } } };

function setUp() {
  const clock = createVirtualClock();
  let sent = 0;
  const line = new QuestionLine({
    ...{ clock, silenceMs: 30_000, silenceMaxMs: 100_000 },
    send: () => {
      sent++;
      return undefined;
    },
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  /** Whether it was sent, and what came of it within an answer's time. */
  const ask = async (isAnswered = false) => {
    const before = sent;
    const asked = line.ask("blocks", REQUEST, (message) => (message.nonce === 7n ? 7 : undefined));
    await settled();
    if (isAnswered) line.receive({ nonce: 7n } as GossipMessage);
    clock.advance(3_000);
    const outcome = await asked;
    return { isSent: sent > before, outcome };
  };
  return { clock, line, ask };
}

test("the pause doubles with each silence, and an answer ends it", async () => {
  const { clock, ask } = setUp();
  for (const pauseMs of [30_000, 60_000, 100_000, 100_000]) {
    assert.equal((await ask()).isSent, true);
    clock.advance(pauseMs - 4_000);
    const { isSent, outcome } = await ask();
    assert.deepEqual([isSent, outcome.ok ? undefined : outcome.isOld], [false, true]);
    clock.advance(1_000);
  }
  assert.equal((await ask(true)).outcome.ok, true);
  assert.equal((await ask()).isSent, true);
  clock.advance(30_000);
  assert.equal((await ask()).isSent, true, "the first pause again");
});

test("a late answer, or the end of the connection, ends it at once", async () => {
  const { line, ask } = setUp();
  await ask();
  assert.equal(line.receive(LATE as unknown as GossipMessage), false);
  assert.equal((await ask()).isSent, true);
  assert.equal((await ask()).isSent, false);
  line.fail("closed", "it is gone");
  assert.equal((await ask()).isSent, true);
});
