/** The plan of a devnet: its members and their addresses. */
import { channelNameFault } from "../lib/channel-name.ts";
import { GossipError } from "../lib/errors.ts";

/** Raw command-line options. */
export interface DevnetOptions {
  /** Organisations; 1 to 100. */
  readonly orgs: string;
  /** Peers of each organisation; 1 to 100, together at most 100. */
  readonly peers: string;
  /** Port of the dashboard; the members use the 2 x members ports above it. */
  readonly basePort: string;
  /** Folder kept between runs; default a temporary one. */
  readonly dir?: string;
  /** Divide all protocol timers by 10. */
  readonly fast?: boolean;
  /** Name of a channel that all members are on; default none. */
  readonly channel?: string;
}

export interface MemberPlan {
  /** `peer0.org1`. */
  readonly name: string;
  /** `peer0`. */
  readonly host: string;
  /** `org1.example.com`. */
  readonly domain: string;
  /** `Org1MSP`. */
  readonly mspId: string;
  /** `host:port` where it gossips, for its own and for other organisations. */
  readonly endpoint: string;
  /** Base URL of its operations endpoint. */
  readonly operations: string;
  readonly ports: { readonly gossip: number; readonly operations: number };
}

export interface Plan {
  readonly orgs: number;
  readonly peers: number;
  readonly basePort: number;
  readonly isFast: boolean;
  readonly channel?: string;
  /** Organisation by organisation. */
  readonly members: readonly MemberPlan[];
}

/** The orderers of a channel. */
export const ORDERER_DOMAIN = "orderer.example.com";
export const ORDERER_HOST = "orderer0";
/** Bind address of every listener. */
export const HOST = "127.0.0.1";
/** Maximum members; each is a process of about 130 MB. */
const MEMBERS_MAX = 100;
/** As Fabric allows. */
const PORT_MIN = 1_024;
const PORT_MAX = 65_535;

/** Reads the options; throws `config-invalid` with every problem. */
export function parsePlan(options: DevnetOptions): Plan {
  const problems: string[] = [];
  const orgs = readCount("--orgs", options.orgs, problems);
  const peers = readCount("--peers", options.peers, problems);
  const count = orgs * peers;
  if (problems.length === 0 && count > MEMBERS_MAX) {
    problems.push(
      `${orgs} x ${peers} = ${count} members are too many for one machine; ` +
        `ask for at most ${MEMBERS_MAX} with --orgs and --peers.`,
    );
  }
  const basePortMax = PORT_MAX - 2 * Math.min(count || 1, MEMBERS_MAX);
  const basePort = readWhole(options.basePort);
  if (basePort < PORT_MIN || basePort > basePortMax) {
    problems.push(
      `--base-port ${options.basePort} leaves no room for the members' ports; ` +
        `write a number from ${PORT_MIN} to ${basePortMax}.`,
    );
  }
  const { channel } = options;
  const misnamed = channel === undefined ? undefined : channelNameFault(channel);
  if (misnamed !== undefined) problems.push(`--channel ${misnamed}`);
  if (options.dir === "") problems.push("--dir is empty: name a folder, or leave it out.");
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  const members = Array.from({ length: count }, (_, index) => planMember(index, peers, basePort));
  const isFast = options.fast === true;
  return { orgs, peers, basePort, isFast, members, ...(channel ? { channel } : {}) };
}

function readCount(option: string, text: string, problems: string[]): number {
  const value = readWhole(text);
  if (value >= 1 && value <= MEMBERS_MAX) return value;
  problems.push(`${option} ${text} is out of range; write a number from 1 to ${MEMBERS_MAX}.`);
  return 0;
}

/** -1 unless the text is a whole number. */
function readWhole(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}

/** Each member takes two consecutive ports: gossip, then operations. */
function planMember(index: number, peers: number, basePort: number): MemberPlan {
  const org = `org${Math.trunc(index / peers) + 1}`;
  const host = `peer${index % peers}`;
  const gossip = basePort + 2 * index + 1;
  return {
    name: `${host}.${org}`,
    host,
    domain: `${org}.example.com`,
    mspId: `O${org.slice(1)}MSP`,
    endpoint: `${HOST}:${gossip}`,
    operations: `http://${HOST}:${gossip + 1}`,
    ports: { gossip, operations: gossip + 1 },
  };
}
