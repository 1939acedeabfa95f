import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { temporaryFolder } from "../../test/cli/program.ts";
import { decode } from "../wire/decode.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { FABRIC_MSP_CONFIG } from "../wire/msp-messages.ts";
import { createChannelHost } from "./channel-msp.ts";
import { exportMsp, readAuthor } from "./export-msp.ts";
import { generateOrganisation } from "./generate.ts";
import { revokeCertificate } from "./generate-renew.ts";

describe("exportMsp()", () => {
  test("tells a channel who is a member, in which role, and who is revoked", async (t) => {
    const folder = await temporaryFolder(t);
    const organisation = await generateOrganisation({
      folder,
      domain: "orderer.example.com",
      kind: "orderer",
      peers: ["orderer0", "orderer1"],
      users: 0,
      nowMs: Date.now(),
    });
    assert.match(organisation.folder, /ordererOrganizations.orderer\.example\.com$/);
    const [first, second] = organisation.peers;
    assert.ok(first && second);
    await revokeCertificate({
      organisationFolder: organisation.folder,
      certFile: second.certFile,
      nowMs: Date.now(),
    });
    const content = await exportMsp(organisation.mspFolder, "OrdererMSP");
    const config = decode(FABRIC_MSP_CONFIG, encode(FABRIC_MSP_CONFIG, content));
    assert.ok(config.ok);
    const setup = createChannelHost().setUpMsp(config.value, { allowsEd25519: false });
    assert.ok(setup.ok);
    const judge = async (files: typeof first) => {
      const { creator, sign } = await readAuthor("OrdererMSP", files);
      const identity = decode(SERIALIZED_IDENTITY, creator);
      assert.ok(identity.ok);
      const found = setup.msp.recognize(identity.value.idBytes);
      const payload = Uint8Array.of(1, 2, 3);
      return { ...found, signs: found?.verify(payload, sign(payload)) };
    };
    const [good, revoked] = await Promise.all([judge(first), judge(second)]);
    assert.deepEqual([good.unitRoles, good.refusal, good.signs], [["orderer"], undefined, true]);
    assert.match(revoked.refusal ?? "", /revoked/);
    await rm(join(organisation.mspFolder, "cacerts"), { recursive: true });
    await assert.rejects(exportMsp(organisation.mspFolder, "OrdererMSP"), /cacerts/);
    await writeFile(first.certFile, "nothing");
    await assert.rejects(readAuthor("OrdererMSP", first), /holds no certificate/);
  });
});
