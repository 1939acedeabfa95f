/** A folder with the key material and the configuration that both kinds of peers are given. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { freePort } from "../ports.ts";
import type { Installation } from "./installation.ts";
import { runToEnd } from "./program.ts";

export interface Organisation {
  readonly mspId: string;
  readonly domain: string;
  /** Its folder, as cryptogen made it. */
  readonly folder: string;
  /** The folder that holds `msp` and `tls` of its administrator. */
  readonly admin: string;
  /** The same of one of its peers. */
  peer(name: string): string;
}

export interface Workspace {
  readonly folder: string;
  readonly installation: Installation;
  /** Org1MSP, Org2MSP, and so on. */
  readonly organisations: readonly Organisation[];
}

/**
 * Makes the folder, organisations with so many peers each, and a core.yaml. It goes when the process
 * ends.
 */
export async function createWorkspace(
  installation: Installation,
  ...peers: readonly number[]
): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), "interop-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  await makeCrypto(installation, folder, peers);
  await makeConfig(installation, folder);
  const organisations = peers.map((_, index) => describeOrganisation(folder, index + 1));
  return { folder, installation, organisations };
}

function describeOrganisation(workspace: string, number: number): Organisation {
  const domain = `org${number}.example.com`;
  const folder = join(workspace, "crypto/peerOrganizations", domain);
  return {
    mspId: `Org${number}MSP`,
    domain,
    folder,
    admin: join(folder, "users", `Admin@${domain}`),
    peer: (name) => join(folder, "peers", `${name}.${domain}`),
  };
}

async function makeCrypto(
  installation: Installation,
  folder: string,
  peers: readonly number[],
): Promise<void> {
  const organisations = peers.map((count, index) => ({
    Name: `Org${index + 1}`,
    Domain: `org${index + 1}.example.com`,
    EnableNodeOUs: true,
    Template: { Count: count, SANS: ["127.0.0.1", "localhost"] },
  }));
  const orderer = {
    Name: "Orderer",
    Domain: "example.com",
    EnableNodeOUs: true,
    Specs: [{ Hostname: "orderer", SANS: ["127.0.0.1"] }],
  };
  const file = join(folder, "crypto.yaml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ PeerOrgs: organisations, OrdererOrgs: [orderer] }));
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
  readonly organisation: Organisation;
  readonly name: string;
  readonly ports: Ports;
  /** Endpoints of other peers. */
  readonly bootstrap: readonly string[];
  /** Whether those who dial must show a certificate of a trusted CA; default false. */
  readonly clientAuthRequired?: boolean;
  /** Whether other organisations may know it; default true. */
  readonly isExternal?: boolean;
  /** Whom we trust besides our own organisation; peers of Fabric learn that from a channel. */
  readonly trusted?: readonly Organisation[];
  /** The channels that our own member follows, as JSON; peers of Fabric join them. */
  readonly channels?: string;
  /** How soon a failed dial is repeated; default Fabric's, 25 s. */
  readonly reconnectInterval?: string;
  /** Default `info`. */
  readonly logSpec?: string;
}

/** Where other organisations reach the peer; the same host by another name than for its own. */
export function endpointOf({ ports }: PeerSettings): string {
  return local(ports.gossip);
}

/** Where its own organisation reaches it. */
export function internalEndpointOf({ ports }: PeerSettings): string {
  return `localhost:${ports.gossip}`;
}

export function local(port: number): string {
  return `127.0.0.1:${port}`;
}

/**
 * The environment of a peer of Fabric; our own member is started with the very same. As those of real
 * networks it leaves everything else to the stock core.yaml, whose own TLS files do not exist.
 */
export function environmentOf(
  { folder }: Workspace,
  settings: PeerSettings,
): Record<string, string> {
  const { organisation, name, ports, bootstrap, trusted = [] } = settings;
  const { clientAuthRequired = false, isExternal = true, logSpec = "info" } = settings;
  const { reconnectInterval, channels } = settings;
  const { gossip, chaincode, operations } = ports;
  const id = `${name}.${organisation.domain}`;
  const state = join(folder, "state", id);
  const tls = join(organisation.peer(name), "tls");
  return {
    FABRIC_CFG_PATH: join(folder, "config"),
    FABRIC_LOGGING_SPEC: logSpec,
    FABRIC_LOGGING_FORMAT: "json",
    CORE_PEER_ID: id,
    CORE_PEER_LOCALMSPID: organisation.mspId,
    CORE_PEER_MSPCONFIGPATH: join(organisation.peer(name), "msp"),
    CORE_PEER_FILESYSTEMPATH: state,
    CORE_LEDGER_SNAPSHOTS_ROOTDIR: join(state, "snapshots"),
    CORE_PEER_LISTENADDRESS: local(gossip),
    CORE_PEER_ADDRESS: internalEndpointOf(settings),
    CORE_PEER_CHAINCODELISTENADDRESS: local(chaincode),
    CORE_PEER_CHAINCODEADDRESS: local(chaincode),
    CORE_OPERATIONS_LISTENADDRESS: local(operations),
    CORE_METRICS_PROVIDER: "prometheus",
    CORE_PEER_TLS_ENABLED: "true",
    CORE_PEER_TLS_CERT_FILE: join(tls, "server.crt"),
    CORE_PEER_TLS_KEY_FILE: join(tls, "server.key"),
    CORE_PEER_TLS_ROOTCERT_FILE: join(tls, "ca.crt"),
    ...(clientAuthRequired && {
      CORE_PEER_TLS_CLIENTAUTHREQUIRED: "true",
      CORE_PEER_TLS_CLIENTROOTCAS_FILES: join(tls, "ca.crt"),
    }),
    ...(isExternal && { CORE_PEER_GOSSIP_EXTERNALENDPOINT: endpointOf(settings) }),
    CORE_PEER_GOSSIP_BOOTSTRAP: bootstrap.join(" "),
    ...(reconnectInterval !== undefined && {
      CORE_PEER_GOSSIP_RECONNECTINTERVAL: reconnectInterval,
    }),
    ...(channels !== undefined && {
      CORE_FABRICGOSSIP_CHANNELS: channels,
      CORE_FABRICGOSSIP_STATEDIR: join(state, "gossip"),
    }),
    ...(trusted.length > 0 && {
      CORE_FABRICGOSSIP_TRUSTEDMSPS: trusted
        .map(({ mspId, folder: trustedFolder }) => `${mspId}=${join(trustedFolder, "msp")}`)
        .join(),
    }),
  };
}

/** Three ports for a peer, free at this moment. */
export async function choosePorts(): Promise<Ports> {
  const [gossip, chaincode, operations] = [await freePort(), await freePort(), await freePort()];
  return { gossip, chaincode, operations };
}
