/** For tests: a complete configuration in a file, and in the environment. */
import assert from "node:assert/strict";
import { GossipError } from "../lib/errors.ts";
import { loadConfig } from "./load.ts";

export const ENV = {
  CORE_PEER_LOCALMSPID: "Org1MSP",
  CORE_PEER_MSPCONFIGPATH: "/crypto/msp",
  CORE_PEER_ADDRESS: "peer0.org1.example.com:7051",
};

export const FILE = `
peer:
  BCCSP: {SW: {FileKeyStore: {KeyStore: keys}}}
  id: peer0
  listenAddress: 127.0.0.1:7051
  address: peer0.org1.example.com:7051
  localMspId: Org1MSP
  mspConfigPath: msp
  networkId: dev
  keepalive: {interval: 7200s, client: {interval: 60s}}
  gossip:
    bootstrap: 127.0.0.1:7051
    endpoint:
    aliveTimeInterval: 2s
    maxPropagationBurstLatency: 10ms
    pullPeerNum: 0
  tls:
    enabled: true
    cert: {file: tls/server.crt}
    key: {file: tls/server.key}
    rootcert: {file: tls/ca.crt}
    clientRootCAs: {files: [tls/ca.crt, tls/none.crt]}
    clientKey: {file: }
operations:
  listenAddress: ""
ledger: {state: {stateDatabase: goleveldb}}
fabricGossip:
  trustedMsps:
    - {mspId: Org2MSP, path: org2/msp}
  channels:
    - {name: mychannel, configBlock: mychannel.block}
  stateDir: state
  tags: {role: shop, HTTP: "10.0.0.5:80", replicas: 3, empty: , a.b: c}
  limits: {membersMax: 500}
`;

export const CHANNEL = {
  role: "observer",
  blocks: "verify",
  keepBlocks: undefined,
  lag: { blocks: 10, timeMs: 60_000 },
};

export async function problemsOf(
  options: Parameters<typeof loadConfig>[0],
): Promise<readonly string[]> {
  try {
    await loadConfig(options);
    return [];
  } catch (error) {
    assert.ok(error instanceof GossipError && error.code === "config-invalid", String(error));
    return error.problems;
  }
}
