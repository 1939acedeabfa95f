/**
 * Messages among members of our kind in a network with peers of Hyperledger Fabric, which take no part in
 * it and have nothing to say about it. Runs only where `FABRIC_BIN` names the folder of Fabric's programs.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findInstallation } from "./installation.ts";
import { createFabricPeer, createOwnPeer, type FabricPeer, type OwnPeer } from "./peers.ts";
import { until } from "./until.ts";
import { isAboutUs, seeAll, warnings } from "./views.ts";
import { choosePorts, createWorkspace, local, type Ports } from "./workspace.ts";

const search = findInstallation(process.env);
const JOIN_MS = 40_000;
const EVENTS = 20;

describe("messages among Fabric's peers", { skip: search.found ? false : search.reason }, () => {
  let fabric: FabricPeer;
  const ours: OwnPeer[] = [];
  const ports: Ports[] = [];

  before(async () => {
    assert.ok(search.found);
    const workspace = await createWorkspace(search.installation, 3);
    const [organisation] = workspace.organisations;
    assert.ok(organisation);
    for (let i = 0; i < 3; i++) ports.push(await choosePorts());
    const bootstrap = [local(ports[0]?.gossip ?? 0)];
    const settings = (index: number) => {
      const own = ports[index];
      assert.ok(own);
      return { organisation, name: `peer${index}`, ports: own, bootstrap };
    };
    fabric = createFabricPeer(workspace, settings(0));
    await fabric.start();
    for (const index of [1, 2]) {
      const peer = createOwnPeer(workspace, settings(index));
      ours.push(peer);
      await peer.start();
    }
    for (const peer of ours) await seeAll(JOIN_MS, peer, [fabric, ...ours]);
  });

  after(async () => {
    await Promise.all([fabric, ...ours].map((peer) => peer?.stop("SIGKILL")));
  });

  const url = (index: number): string => `http://${local(ports[index]?.operations ?? 0)}`;

  async function heard(index: number): Promise<number> {
    const text = await (await fetch(`${url(index)}/metrics`)).text();
    return Number(/^gossip_member_events_heard_total (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  }

  test("events arrive, queries are answered, and the peer of Fabric warns of nothing", async () => {
    for (let i = 0; i < EVENTS; i++) {
      const said = await fetch(`${url(1)}/api/v1/events/t`, { method: "POST", body: `event ${i}` });
      assert.equal(said.status, 200);
    }
    await until({
      what: "all have arrived",
      timeoutMs: JOIN_MS,
      isSo: async () => (await heard(2)) === EVENTS || `${await heard(2)} have`,
    });
    const asked = await fetch(`${url(2)}/api/v1/queries/fabric-gossip:version`, { method: "POST" });
    const { answers, unanswered } = (await asked.json()) as Record<string, unknown[]>;
    assert.deepEqual([answers?.length, unanswered], [2, []]);
    const members = (await ours[0]?.members()) ?? [];
    const foreign = members.find(({ endpoint }) => endpoint === fabric.endpoint);
    assert.deepEqual(foreign?.tags, {});
    const ofUs = warnings(fabric).filter((line) => isAboutUs(line, members));
    assert.deepEqual(ofUs, []);
    for (const peer of ours) assert.deepEqual(warnings(peer), []);
    assert.ok((await fabric.alive()).length === 3, "it sees us as ever");
  });
});
