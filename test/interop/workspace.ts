/** A folder with the key material and the configuration that both kinds of peers are given. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { Installation } from "./installation.ts";
import { runToEnd } from "./program.ts";

export const DOMAIN = "org1.example.com";
export const MSP_ID = "Org1MSP";

export interface Workspace {
  readonly folder: string;
  readonly installation: Installation;
  /** The organisation's folder as cryptogen made it. */
  readonly organisation: string;
  /** The folder that holds `msp` and `tls` of a peer, or of the organisation's administrator. */
  peer(name: string): string;
  readonly admin: string;
}

/** Makes the folder, one organisation in it, and a core.yaml. It goes when the process ends. */
export async function createWorkspace(
  installation: Installation,
  peers: number,
): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), "interop-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const organisation = join(folder, "crypto/peerOrganizations", DOMAIN);
  await makeCrypto(installation, folder, peers);
  await makeConfig(installation, folder);
  return {
    folder,
    installation,
    organisation,
    peer: (name) => join(organisation, "peers", `${name}.${DOMAIN}`),
    admin: join(organisation, "users", `Admin@${DOMAIN}`),
  };
}

async function makeCrypto(
  installation: Installation,
  folder: string,
  peers: number,
): Promise<void> {
  const organisation = {
    Name: "Org1",
    Domain: DOMAIN,
    EnableNodeOUs: true,
    Template: { Count: peers, SANS: ["127.0.0.1"] },
  };
  const orderer = {
    Name: "Orderer",
    Domain: "example.com",
    EnableNodeOUs: true,
    Specs: [{ Hostname: "orderer", SANS: ["127.0.0.1"] }],
  };
  const file = join(folder, "crypto.yaml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ PeerOrgs: [organisation], OrdererOrgs: [orderer] }));
  await runToEnd({
    program: installation.program("cryptogen"),
    arguments: ["generate", `--config=${file}`, `--output=${join(folder, "crypto")}`],
    environment: {},
    folder,
  });
}

/**
 * A private copy of the installed core.yaml. Only what no variable can express is changed: an empty
 * variable counts as unset, and without Docker the peer would report ill health.
 */
async function makeConfig(installation: Installation, folder: string): Promise<void> {
  const config = parseDocument(await readFile(installation.coreYaml, "utf8"));
  config.setIn(["vm", "endpoint"], "");
  await mkdir(join(folder, "config"));
  await writeFile(join(folder, "config/core.yaml"), String(config));
}

/** Where one peer listens. */
export interface Ports {
  readonly gossip: number;
  readonly chaincode: number;
  readonly operations: number;
}

/** What `peer node start` needs to know, and what our own `start` understands. */
export interface PeerSettings {
  readonly name: string;
  readonly ports: Ports;
  /** Endpoints of other peers. */
  readonly bootstrap: readonly string[];
  /** Whether those who dial must show a certificate of a trusted CA; default false. */
  readonly clientAuthRequired?: boolean;
}

export function endpointOf({ ports }: PeerSettings): string {
  return local(ports.gossip);
}

export function local(port: number): string {
  return `127.0.0.1:${port}`;
}

/** The environment of a peer of Fabric; our own member is started with the very same. */
export function environmentOf(
  { folder, peer }: Workspace,
  settings: PeerSettings,
): Record<string, string> {
  const { name, ports, bootstrap, clientAuthRequired = false } = settings;
  const { gossip, chaincode, operations } = ports;
  const state = join(folder, "state", name);
  const tls = join(peer(name), "tls");
  return {
    FABRIC_CFG_PATH: join(folder, "config"),
    FABRIC_LOGGING_SPEC: "info",
    FABRIC_LOGGING_FORMAT: "json",
    CORE_PEER_ID: `${name}.${DOMAIN}`,
    CORE_PEER_NETWORKID: "interop",
    CORE_PEER_LOCALMSPID: MSP_ID,
    CORE_PEER_MSPCONFIGPATH: join(peer(name), "msp"),
    CORE_PEER_FILESYSTEMPATH: state,
    CORE_LEDGER_SNAPSHOTS_ROOTDIR: join(state, "snapshots"),
    CORE_PEER_LISTENADDRESS: local(gossip),
    CORE_PEER_ADDRESS: local(gossip),
    CORE_PEER_CHAINCODELISTENADDRESS: local(chaincode),
    CORE_PEER_CHAINCODEADDRESS: local(chaincode),
    CORE_OPERATIONS_LISTENADDRESS: local(operations),
    CORE_METRICS_PROVIDER: "prometheus",
    CORE_PEER_TLS_ENABLED: "true",
    CORE_PEER_TLS_CERT_FILE: join(tls, "server.crt"),
    CORE_PEER_TLS_KEY_FILE: join(tls, "server.key"),
    CORE_PEER_TLS_ROOTCERT_FILE: join(tls, "ca.crt"),
    CORE_PEER_TLS_CLIENTAUTHREQUIRED: String(clientAuthRequired),
    CORE_PEER_TLS_CLIENTROOTCAS_FILES: join(tls, "ca.crt"),
    CORE_PEER_GOSSIP_ENDPOINT: local(gossip),
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: local(gossip),
    CORE_PEER_GOSSIP_BOOTSTRAP: bootstrap.join(" "),
  };
}

/** Ports that are free at this moment, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
