/** What a folder is refused for, in tests of MSP folders. */
import assert from "node:assert/strict";
import { GossipError } from "../lib/errors.ts";
import { loadLocalMsp } from "./load-msp.ts";

const loadOwn = (folder: string) =>
  loadLocalMsp(folder, "OrgMSP", { wallMs: Date.UTC(2026, 0, 1) });

/** The problems of a folder, without its own path. */
export async function problemsOf(
  folder: string,
  load: (folder: string) => Promise<unknown> = loadOwn,
) {
  try {
    await load(folder);
  } catch (error) {
    assert(error instanceof GossipError);
    assert.equal(error.code, "msp-invalid");
    return error.problems.map((problem) => problem.replaceAll(`${folder}/`, ""));
  }
  return [];
}
