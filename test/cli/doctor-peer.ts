/** For the tests of doctor: a peer that is configured well, until a test spoils it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { examine } from "../../src/doctor/doctor.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import type { GeneratedOrganisation } from "../../src/msp/generate.ts";
import { GossipNode } from "../../src/node/node.ts";
import { organisation, peerEnvironment, ports, temporaryFolder } from "./program.ts";

export type Environment = Record<string, string>;

/** A peer that is configured well, and alone. */
export interface Peer {
  readonly org: GeneratedOrganisation;
  readonly folder: string;
  readonly env: Environment;
  /** A file of the peer's. */
  readonly file: (name: string) => string;
}

export async function setUp(t: TestContext, index = 0, org?: GeneratedOrganisation): Promise<Peer> {
  const made = org ?? (await organisation(await temporaryFolder(t)));
  const folder = made.peers[index]?.folder ?? "";
  const env = peerEnvironment(made, index, await ports());
  return { org: made, folder, env, file: (name) => join(folder, name) };
}

/** Another organisation in the same folder. */
export async function foreign(t: TestContext, index = 0): Promise<Peer> {
  const org = await organisation(await temporaryFolder(t), "org2.example.com");
  const peer = await setUp(t, index, org);
  peer.env["CORE_PEER_LOCALMSPID"] = "Org2MSP";
  return peer;
}

export async function start(
  t: TestContext,
  { env }: Peer,
  more: Environment = {},
): Promise<string> {
  const node = await GossipNode.start(await loadConfig({ env: { ...env, ...more } }));
  t.after(() => node.close());
  return env["CORE_PEER_ADDRESS"] ?? "";
}

/** On a busy machine peers that are there take their time. */
const PATIENT: Environment = {
  CORE_PEER_GOSSIP_DIALTIMEOUT: "9s",
  CORE_PEER_GOSSIP_CONNTIMEOUT: "9s",
};

export async function findingsOf(
  env: Environment,
  more: Environment = {},
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of examine({ env: { ...PATIENT, ...env, ...more } }))
    findings.push(finding);
  return findings;
}

/** Fails unless there is a finding of this status for this check that says so, remedy included. */
export function assertSays(
  findings: readonly Finding[],
  status: Finding["status"],
  check: string,
  sentence: RegExp,
): void {
  const told = findings.map((one) => `${one.status} ${one.check}: ${one.message} ${one.remedy}`);
  const wanted = `${status} ${check}: `;
  const found = told.some((line) => line.startsWith(wanted) && sentence.test(line));
  assert.ok(found, `nothing like "${wanted}${sentence}" in\n${told.join("\n")}`);
}

export function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ status }) => status === "error");
}
