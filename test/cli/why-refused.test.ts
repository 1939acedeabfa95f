/** `why` of a peer whose certificate we do not believe: it names the organisation and the remedy. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import type { GeneratedOrganisation } from "../../src/msp/generate.ts";
import { revokeCertificate } from "../../src/msp/generate-renew.ts";
import { loadMsp } from "../../src/msp/load-msp.ts";
import { GossipNode } from "../../src/node/node.ts";
import type { Explanation } from "../../src/observe/diagnosis/why/explanation.ts";
import { organisation, peerEnvironment, ports, temporaryFolder, until } from "./program.ts";

type Environment = Readonly<Record<string, string>>;

async function start(
  t: TestContext,
  org: GeneratedOrganisation,
  index: number,
  more: Environment = {},
): Promise<GossipNode> {
  const env = peerEnvironment(org, index, await ports(), more);
  const node = await GossipNode.start(await loadConfig({ env }));
  t.after(() => node.close());
  return node;
}

interface Orgs {
  readonly ours: GeneratedOrganisation;
  readonly theirs: GeneratedOrganisation;
}

async function organisations(t: TestContext): Promise<Orgs> {
  const folder = await temporaryFolder(t);
  return {
    ours: await organisation(folder),
    theirs: await organisation(folder, "org2.example.com"),
  };
}

/** A peer of the other organisation that trusts ours and contacts `to`. */
function startForeign(t: TestContext, { ours, theirs }: Orgs, to: GossipNode): Promise<GossipNode> {
  return start(t, theirs, 0, {
    CORE_PEER_LOCALMSPID: "Org2MSP",
    CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org1MSP=${ours.mspFolder}`,
    CORE_FABRICGOSSIP_ANCHORPEERS: to.self().endpoint,
  });
}

/** What is told of the peer, as soon as there is a cause of this code. */
async function tellsOf(
  node: GossipNode,
  peer: string,
  code: Explanation["causes"][number]["code"],
): Promise<{ readonly told: Explanation; readonly sentence: string }> {
  const find = () => node.diagnostics.why(peer).causes.find((cause) => cause.code === code);
  await until(`why ${peer} says ${code}`, () => find() !== undefined);
  return { told: node.diagnostics.why(peer), sentence: find()?.sentence ?? "" };
}

const TO_TRUST = /^To accept its organisation, list its MSP folder under fabricGossip\.trustedMsps/;

describe("why, of a peer of an organisation that is not trusted", () => {
  test("that dialled us: by PKI-ID, by its endpoint, and by any other name of its host", async (t) => {
    const orgs = await organisations(t);
    const us = await start(t, orgs.ours, 0);
    const foreign = await startForeign(t, orgs, us);
    const { pkiId, endpoint } = foreign.self();
    const byId = await tellsOf(us, pkiId.slice(0, 12), "identity-refused");
    assert.match(
      byId.sentence,
      /^Its certificate, which claims to be of Org2MSP, was refused: no MSP we trust is named "Org2MSP" \(identity-unknown-msp\), \d+ s ago/,
    );
    assert.deepEqual([byId.told.visible, byId.told.mspId], [false, null]);
    assert.match(byId.told.remedy ?? "", TO_TRUST);
    for (const peer of [endpoint, "peer0.org2.example.com:7051"]) {
      const { told, sentence } = await tellsOf(us, peer, "organisation-refused");
      assert.match(sentence, /^It may be of Org2MSP, of which somebody was refused: /);
      assert.match(told.remedy ?? "", TO_TRUST);
    }
  });

  test("of which a neighbour speaks that trusts it", async (t) => {
    const orgs = await organisations(t);
    const trust = { CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${orgs.theirs.mspFolder}` };
    const friend = await start(t, orgs.ours, 1, trust);
    const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: friend.self().endpoint };
    const us = await start(t, orgs.ours, 0, bootstrap);
    const foreign = await startForeign(t, orgs, friend);
    const { sentence } = await tellsOf(us, foreign.self().pkiId, "identity-refused");
    assert.match(sentence, /claims to be of Org2MSP/);
  });

  test("no word of it any more once the organisation is trusted", async (t) => {
    const orgs = await organisations(t);
    const us = await start(t, orgs.ours, 0);
    const foreign = await startForeign(t, orgs, us);
    const { pkiId } = foreign.self();
    await tellsOf(us, pkiId, "identity-refused");
    us.setTrust([
      await loadMsp(orgs.ours.mspFolder, "Org1MSP"),
      await loadMsp(orgs.theirs.mspFolder, "Org2MSP"),
    ]);
    await until("it is a member", () => us.diagnostics.why(pkiId).visible);
    assert.ok(!us.diagnostics.why(pkiId).causes.some(({ code }) => code.endsWith("refused")));
  });
});

test("why, of a peer that was revoked before it was ever here", async (t) => {
  const { ours } = await organisations(t);
  const revoked = await start(t, ours, 1);
  const certFile = join(
    ours.peers[1]?.folder ?? "",
    "msp/signcerts/peer1.org1.example.com-cert.pem",
  );
  await revokeCertificate({ organisationFolder: ours.folder, certFile, nowMs: Date.now() });
  const us = await start(t, ours, 0, { CORE_PEER_GOSSIP_BOOTSTRAP: revoked.self().endpoint });
  const { told, sentence } = await tellsOf(us, revoked.self().pkiId, "identity-refused");
  assert.match(sentence, /revoked serial number [0-9a-f]+ \(identity-revoked\)/);
  assert.match(told.remedy ?? "", /^Give it a new certificate/);
});
