/** Configures a devnet member through Fabric's environment variables alone. */
import { join } from "node:path";
import { PRESETS } from "../config/options.ts";
import { envName } from "../config/source.ts";
import { memberFolder, organisationFolder } from "../msp/generate-folder.ts";
import { configBlockFile, ORGANISATIONS } from "./folder.ts";
import { HOST, type MemberPlan, type Plan } from "./plan.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Peers per organisation that all others contact, like Fabric's anchor peers. */
const ANCHORS = 2;

/**
 * The variables of one member: those of `inherited` that configure no peer, and its own. Paths are
 * relative to the folder of the devnet, so that no character in its name can be misread.
 */
export function memberEnvironment(plan: Plan, member: MemberPlan, inherited: Environment) {
  const kept = Object.entries(inherited).filter(([name]) => !/^(CORE|FABRIC)_/i.test(name));
  const organisation = organisationFolder(join(ORGANISATIONS, member.domain), member.domain);
  const files = memberFolder(organisation.peersFolder, `${member.host}.${member.domain}`, "server");
  const isFirst = ({ domain, host }: MemberPlan) => domain === member.domain && host === "peer0";
  return {
    ...Object.fromEntries(kept),
    CORE_PEER_ID: member.name,
    CORE_PEER_LOCALMSPID: member.mspId,
    CORE_PEER_MSPCONFIGPATH: files.mspFolder,
    CORE_PEER_ADDRESS: member.endpoint,
    CORE_PEER_LISTENADDRESS: member.endpoint,
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: member.endpoint,
    CORE_PEER_GOSSIP_BOOTSTRAP: plan.members.find(isFirst)?.endpoint,
    CORE_PEER_TLS_ENABLED: "true",
    CORE_PEER_TLS_CERT_FILE: files.tlsCertFile,
    CORE_PEER_TLS_KEY_FILE: files.tlsKeyFile,
    CORE_PEER_TLS_ROOTCERT_FILE: files.tlsCaFile,
    CORE_PEER_TLS_CLIENTAUTHREQUIRED: "true",
    CORE_PEER_TLS_CLIENTROOTCAS_FILES: files.tlsCaFile,
    CORE_OPERATIONS_LISTENADDRESS: `${HOST}:${member.ports.operations}`,
    CORE_FABRICGOSSIP_TRUSTEDMSPS: otherMsps(plan, member).join(","),
    CORE_FABRICGOSSIP_ANCHORPEERS: anchors(plan).join(","),
    CORE_FABRICGOSSIP_STATEDIR: join("state", member.name),
    ...(plan.channel ? { CORE_FABRICGOSSIP_CHANNELS: followed(plan.channel) } : {}),
    ...(plan.isFast ? FAST_TIMERS : {}),
  };
}

/** Members verify the blocks that others serve, and are soon said to lag. */
function followed(name: string): string {
  const lag = { blocks: 5, time: "20s" };
  return JSON.stringify([{ name, configBlock: configBlockFile(name), blocks: "verify", lag }]);
}

function otherMsps(plan: Plan, { mspId }: MemberPlan): readonly string[] {
  const firsts = plan.members.filter((other) => other.host === "peer0" && other.mspId !== mspId);
  return firsts.map((other) => {
    const folder = join(ORGANISATIONS, other.domain);
    return `${other.mspId}=${organisationFolder(folder, other.domain).mspFolder}`;
  });
}

function anchors({ members, peers }: Plan): readonly string[] {
  const first = members.filter((_, index) => index % peers < ANCHORS);
  return first.map(({ endpoint }) => endpoint);
}

/** The preset `test`, as variables. */
const FAST_TIMERS: Environment = Object.fromEntries(
  PRESETS.test.map(([name, value]) => [envName(name), value]),
);
