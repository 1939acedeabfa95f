import assert from "node:assert/strict";
import { test } from "node:test";
import { channelNameFault } from "./channel-name.ts";

test("a name of a channel is what Fabric accepts, and any other one is told", () => {
  for (const name of ["a", "mychannel", "my-channel.2", `c${"9".repeat(248)}`]) {
    assert.equal(channelNameFault(name), undefined, name);
  }
  for (const name of ["", "No", "1ch", "ch_1", "ch\n", ".ch", `c${"9".repeat(249)}`]) {
    assert.match(channelNameFault(name) ?? "", /^".* is no name of a channel, which has/s, name);
  }
});
