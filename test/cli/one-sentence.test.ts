/** Each cause of a contact's failure, for real: event, log, why, health, page and doctor say the same of it. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
// @ts-expect-error The page is JavaScript for browsers.
import { describeEvent as describeOnPage } from "../../src/dashboard/event-words.js";
import type { GeneratedOrganisation } from "../../src/msp/generate.ts";
import { GossipNode } from "../../src/node/node.ts";
import { remedyFor } from "../../src/observe/diagnosis/causes.ts";
import { describeEvent } from "../../src/observe/event-text.ts";
import type { EventOf, GossipEvent } from "../../src/observe/events.ts";
import { toJson } from "../../src/observe/json.ts";
import { type Environment, findingsOf, setUp, start } from "./doctor-peer.ts";
import { organisation, peerEnvironment, ports, until } from "./program.ts";

interface World {
  readonly ours: GeneratedOrganisation;
  readonly theirs: GeneratedOrganisation;
}

/** Starts whoever is there, and returns what we need to fail, the address of the contact included. */
type Arrange = (t: TestContext, world: World, us: Environment) => Promise<string>;

const bootstrapTo = (us: Environment, address: string): string => {
  us["CORE_PEER_GOSSIP_BOOTSTRAP"] = address;
  return address;
};

const ofTheirs = async ({ theirs }: World): Promise<Environment> => ({
  ...peerEnvironment(theirs, 0, await ports()),
  CORE_PEER_LOCALMSPID: "Org2MSP",
});

const CASES: readonly (readonly [code: string, arrange: Arrange])[] = [
  [
    "unreachable",
    async (_, { ours }, us) =>
      bootstrapTo(us, peerEnvironment(ours, 1, await ports())["CORE_PEER_ADDRESS"] ?? ""),
  ],
  ["name-unresolved", async (_, __, us) => bootstrapTo(us, "nowhere.invalid:7051")],
  [
    "tls-expected",
    async (t, { ours }, us) => {
      us["CORE_PEER_TLS_ENABLED"] = "false";
      return bootstrapTo(us, await start(t, await setUp(t, 1, ours)));
    },
  ],
  [
    "tls-not-spoken",
    async (t, { ours }, us) =>
      bootstrapTo(us, await start(t, await setUp(t, 1, ours), { CORE_PEER_TLS_ENABLED: "false" })),
  ],
  [
    "tls-untrusted",
    async (t, world, us) => {
      const other = await setUp(t, 0, world.theirs);
      return bootstrapTo(us, await start(t, { ...other, env: await ofTheirs(world) }));
    },
  ],
  [
    "tls-own",
    async (t, { ours }, us) => {
      const { env, ...other } = await setUp(t, 1, ours);
      const tls = Object.entries(us).filter(([name]) => name.startsWith("CORE_PEER_TLS_"));
      const anywhere = (env["CORE_PEER_ADDRESS"] ?? "").replace(/.*:/, "0.0.0.0:");
      const more = { ...Object.fromEntries(tls), CORE_PEER_LISTENADDRESS: anywhere };
      const at = await start(t, { ...other, env }, more);
      return bootstrapTo(us, at.replace("127.0.0.1", "127.0.0.2"));
    },
  ],
  [
    "bootstrap-other-organisation",
    async (t, world, us) => {
      us["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${world.theirs.mspFolder}`;
      const other = await setUp(t, 0, world.theirs);
      return bootstrapTo(us, await start(t, { ...other, env: await ofTheirs(world) }));
    },
  ],
  [
    "we-are-hidden",
    async (t, world, us) => {
      us["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${world.theirs.mspFolder}`;
      us["CORE_PEER_GOSSIP_EXTERNALENDPOINT"] = "";
      const env = await ofTheirs(world);
      const trust = { CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org1MSP=${world.ours.mspFolder}` };
      const address = await start(t, { ...(await setUp(t, 0, world.theirs)), env }, trust);
      us["CORE_FABRICGOSSIP_ANCHORPEERS"] = address;
      return address;
    },
  ],
  [
    "refused-us",
    async (t, world, us) => {
      us["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${world.theirs.mspFolder}`;
      const env = { ...(await ofTheirs(world)), CORE_PEER_TLS_CLIENTAUTHREQUIRED: "false" };
      const address = await start(t, { ...(await setUp(t, 0, world.theirs)), env });
      us["CORE_FABRICGOSSIP_ANCHORPEERS"] = address;
      return address;
    },
  ],
  [
    "same-identity",
    async (t, { ours }, us) => bootstrapTo(us, await start(t, await setUp(t, 0, ours))),
  ],
];

describe("one cause, one sentence, everywhere", () => {
  let world: World;
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
    world = {
      ours: await organisation(folder),
      theirs: await organisation(folder, "org2.example.com"),
    };
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const [code, arrange] of CASES) {
    test(code, async (t) => {
      const env: Environment = { ...peerEnvironment(world.ours, 0, await ports()) };
      const address = await arrange(t, world, env);
      const findings = await findingsOf(env);
      const node = await GossipNode.start(await loadConfig({ env }));
      t.after(() => node.close());
      const event = await failed(node, address);
      assert.equal(event.code, code);
      const remedy = remedyFor(code) ?? "";
      const said = `${event.reason} (${code})`;

      const { text } = describeEvent(toJson(event));
      assert.ok(text.endsWith(`${said}. ${remedy}`), text);
      const why = node.diagnostics.why(address);
      assert.ok(why.sentences.join("\n").includes(said), why.sentences.join("\n"));
      assert.equal(why.remedy, remedy);
      const healthy = (): string => node.diagnostics.problems().join("\n");
      await until("health says so", () => healthy().includes(event.reason));
      assert.ok(describeOnPage(toJson(event), String).text.includes(event.reason));
      const told = findings.filter((one) => one.message.toLowerCase().includes(said.toLowerCase()));
      assert.deepEqual(
        told.map((one) => one.remedy),
        [remedy],
        findings.map(({ message }) => message).join("\n"),
      );
    });
  }
});

/** The first failure of this contact. */
async function failed(node: GossipNode, address: string): Promise<EventOf<"contact-failed">> {
  const isIt = (event: GossipEvent): event is EventOf<"contact-failed"> =>
    event.type === "contact-failed" && event.endpoint === address;
  for await (const event of node.events()) if (isIt(event)) return event;
  throw new Error("the node was closed first");
}
