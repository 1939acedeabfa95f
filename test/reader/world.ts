/** Two organisations, an orderer, a channel, and peers of ours that answer readers. */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { readAuthor } from "../../src/msp/export-msp.ts";
import { type Finished, run, temporaryFolder } from "../cli/program.ts";
import { Chain, makeConfig, makeParty, type Party } from "./chain.ts";
import { type FakePeer, type PeerWish, startPeer } from "./peer.ts";

export const CHANNEL = "ch1";

export interface World {
  readonly folder: string;
  readonly org1: Party;
  readonly org2: Party;
  /** On no channel. */
  readonly org3: Party;
  readonly orderer: Party;
  readonly chain: Chain;
  /** A peer of ours with its StateInfo; `peer(org1, 0)`. */
  peer(party: Party, index: number, wish?: Partial<PeerWish>): Promise<FakePeer>;
}

/** `transactions`: blocks after the first one. */
export async function makeWorld(t: TestContext, transactions = 4): Promise<World> {
  const folder = await temporaryFolder(t);
  const parties = await makeParties(folder);
  const chain = await makeChain(parties);
  chain.addTransactions(transactions);
  const peer = (party: Party, index: number, wish: Partial<PeerWish> = {}) =>
    startPeer(t, party, index, { chain, ...wish });
  return { folder, ...parties, chain, peer };
}

export async function makeParties(folder: string) {
  const [org1, org2, org3, orderer] = await Promise.all([
    makeParty(folder, "org1", "Org1MSP"),
    makeParty(folder, "org2", "Org2MSP"),
    makeParty(folder, "org3", "Org3MSP"),
    makeParty(folder, "orderer", "OrdererMSP", "orderer"),
  ]);
  return { org1, org2, org3, orderer };
}

export async function makeChain(
  { org1, org2, orderer }: Pick<World, "org1" | "org2" | "orderer">,
  name = CHANNEL,
): Promise<Chain> {
  const chain = new Chain(name, await ordererOf(orderer), await userOf(org1));
  chain.addConfig(await makeConfig({ parties: [org1, org2], orderer }), 0n);
  return chain;
}

export async function ordererOf(orderer: Party, index = 0) {
  const files = orderer.organisation.peers[index];
  if (files === undefined) throw new Error(`no orderer ${index}`);
  return readAuthor(orderer.mspId, files);
}

export async function userOf(party: Party) {
  const [user] = party.organisation.users;
  if (user === undefined) throw new Error("no user");
  return readAuthor(party.mspId, user);
}

/** Flags of User1 of an organisation that asks these peers. */
export function flagsOf(party: Party, ...peers: readonly FakePeer[]): string[] {
  const [user] = party.organisation.users;
  if (user === undefined) throw new Error("no user");
  const ca = peers[0]?.tlsCaFile ?? user.tlsCaFile;
  return [
    ...peers.flatMap(({ endpoint }) => ["--peer", endpoint]),
    ...["--tls-ca", ca, "--msp-id", party.mspId, "--cert", user.certFile, "--key", user.keyFile],
    ...["--tls-cert", join(user.tlsCertFile), "--tls-key", user.tlsKeyFile],
  ];
}

/** Runs a verb that reads the channel. */
export function read(
  t: TestContext,
  verb: string,
  flags: readonly string[],
  channel: string = CHANNEL,
): Promise<Finished> {
  return run(t, [verb, channel, ...flags]);
}
