import assert from "node:assert/strict";
import { test } from "node:test";
import { fileFault, fileRemedy } from "./small-file.ts";

test("files that are open elsewhere are not the fault of the one to be read", () => {
  assert.equal(fileFault("EMFILE"), "cannot be read (this process has too many files open)");
  assert.match(fileRemedy("EMFILE") ?? "", /^raise the limit of open files/);
  assert.match(fileRemedy("EIO") ?? "", /disk/);
});
