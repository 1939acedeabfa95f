import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../config/load.ts";
import { openFilesDoubt } from "./open-files.ts";

test("too few open files for the connections that are allowed are told of", async () => {
  const overrides = [
    "peer.localMspId=Org1MSP",
    "peer.mspConfigPath=/msp",
    "peer.address=h:1",
    "fabricGossip.limits.connectionsMax=1000",
  ];
  const config = await loadConfig({ env: {}, overrides });
  const limited = (files: string) =>
    openFilesDoubt(config, Promise.resolve(`Limit x\nMax open files            ${files} files\n`));
  assert.match(
    (await limited("1024                 1024")) ?? "",
    /may open 1024 files.*up to 1400/,
  );
  assert.equal(await limited("1400                 1400"), undefined);
  assert.equal(await limited("unlimited            unlimited"), undefined);
  assert.equal(await openFilesDoubt(config, Promise.reject(new Error("no such file"))), undefined);
});
