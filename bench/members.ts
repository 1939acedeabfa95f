/** Real members in this process, each with its own keys, socket and mutual TLS on loopback. */
import { join } from "node:path";
import { type GossipNode, loadConfig, GossipNode as Node } from "../src/index.ts";
import { type GeneratedOrganisation, generateOrganisation } from "../src/msp/generate.ts";
import { freePorts } from "../test/ports.ts";

export interface MemberMaker {
  /** Starts the member of this number; number 0 is the bootstrap peer of all others. */
  start(index: number): Promise<GossipNode>;
}

/** Makes keys for all members, about 30 ms each. */
export async function prepareMembers(
  folder: string,
  count: number,
  strategy: string,
): Promise<MemberMaker> {
  const organisation = await generateOrganisation({
    folder,
    domain: "org1.example.com",
    peers: count,
    users: 0,
    sans: ["127.0.0.1"],
    nowMs: Date.now(),
  });
  const firstPort = await freePorts(count);
  return { start: (index) => startMember(organisation, index, firstPort, strategy) };
}

/** Every timer at its default. */
async function startMember(
  { peers }: GeneratedOrganisation,
  index: number,
  firstPort: number,
  strategy: string,
): Promise<GossipNode> {
  const folder = peers[index]?.folder ?? "";
  const endpoint = `127.0.0.1:${firstPort + index}`;
  const config = await loadConfig({
    env: {},
    overrides: [
      `peer.id=peer${index}`,
      "peer.localMspId=Org1MSP",
      `peer.mspConfigPath=${join(folder, "msp")}`,
      `peer.address=${endpoint}`,
      `peer.listenAddress=${endpoint}`,
      "peer.tls.enabled=true",
      `peer.tls.cert.file=${join(folder, "tls/server.crt")}`,
      `peer.tls.key.file=${join(folder, "tls/server.key")}`,
      `peer.tls.rootcert.file=${join(folder, "tls/ca.crt")}`,
      `peer.gossip.externalEndpoint=${endpoint}`,
      `peer.gossip.bootstrap=127.0.0.1:${firstPort}`,
      `fabricGossip.strategy=${strategy}`,
    ],
  });
  return Node.start(config);
}
