/** When the members of our kind count as changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCore } from "../core/core.ts";
import type { CoreEvent } from "../core/types/event.ts";
import { createMemoryHub } from "../transport/memory.ts";
import { createVirtualClock } from "../transport/testing.ts";
import { createDirectory } from "./directory.ts";
import { testParts } from "./testing.ts";

test("heights of channels and contacts that fail leave the members as they were", () => {
  const clock = createVirtualClock();
  const {
    core: options,
    crypto,
    identity,
  } = testParts("n", {
    ...{ clock, hub: createMemoryHub({ clock }) },
  });
  const directory = createDirectory(createCore({ ...options, crypto }, clock.now()));
  const isChanged = (event: CoreEvent): boolean => {
    const before = directory.version();
    directory.hear(event);
    return directory.version() !== before;
  };
  const { pkiId, mspId } = identity;
  const height = { channel: "c", pkiId, mspId, height: 7n, committedAtNs: 0n };
  assert.equal(isChanged({ type: "channel-height", ...height }), false);
  const failure = { endpoint: "x:1", code: "refused", detail: "" };
  assert.equal(isChanged({ type: "contact-failed", ...failure }), false);
  assert.equal(isChanged({ type: "identity-learnt", identity, learntFrom: "pull" }), true);
});
