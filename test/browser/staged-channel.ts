/** Channels larger and in worse order than a devnet's, behind the real page of a member. */
import type {
  Channel,
  ChannelBlock,
  ChannelMember,
  ConfigView,
  OrganisationView,
} from "../../src/following/views.ts";
import type { MemberHeights } from "../../src/observe/height-series.ts";
import type { Json } from "../../src/observe/json.ts";
import type { Member } from "../../src/observe/views.ts";
import type { HttpApp } from "../../src/ops/http-server.ts";

/** What the API of a member says of one channel. */
export interface StagedChannel {
  readonly name: string;
  readonly view: () => Json<Channel>;
  readonly config: () => Json<ConfigView>;
  readonly block: (number: number) => Json<ChannelBlock>;
}

/** As many blocks as the newest member has. */
export interface ChannelState {
  height: number;
  sequence: number;
}

/** Members that a staged channel has in trouble, by their place in the crowd. */
export const [LAGGING, GONE, BARE, CRL_PENDING] = [9, 14, 22, 4] as const;
const LAG_MS = 95_000;
const STARTED = Date.now() - 3_600_000;

/** A channel of all members of a crowd: one lags, one has left it, one lacks a chaincode. */
export function stageChannel(
  name: string,
  crowd: () => Json<Member>[],
  state: ChannelState,
): StagedChannel {
  return {
    name,
    view: () => viewOf(name, crowd(), state),
    config: () => configOf(name, state),
    block: (number) => blockOf(name, number, state),
  };
}

export function addStagedChannels(app: HttpApp, channels: readonly StagedChannel[]): void {
  const of = (name: string) => channels.find((channel) => channel.name === name);
  app.get("/api/v1/channels", (context) => context.json(channels.map(({ view }) => view())));
  app.get("/api/v1/channels/:name", (context) => {
    const found = of(context.req.param("name"));
    return found === undefined ? context.notFound() : context.json(found.view());
  });
  app.get("/api/v1/channels/:name/heights", (context) => {
    const found = of(context.req.param("name"));
    return found === undefined ? context.notFound() : context.json(heightsOf(found.view()));
  });
  app.get("/api/v1/channels/:name/config", (context) => {
    const found = of(context.req.param("name"));
    return found === undefined ? context.notFound() : context.json(found.config());
  });
  app.get("/api/v1/channels/:name/blocks", (context) => {
    const found = of(context.req.param("name"));
    if (found === undefined) return context.notFound();
    const from = Number(context.req.query("from"));
    const to = Math.min(Number(found.view().height), from + Number(context.req.query("limit")));
    const numbers = Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
    return context.json(numbers.map(found.block));
  });
}

/** What they had half an hour ago, when there were a hundred blocks fewer. */
function heightsOf({ members }: Json<Channel>): readonly Json<MemberHeights>[] {
  const time = new Date(Date.now() - 1_800_000).toISOString();
  return members.map(({ pkiId, height }) => ({
    pkiId,
    points: [{ time, height: String(Number(height) - 100) }],
  }));
}

function viewOf(name: string, crowd: Json<Member>[], state: ChannelState): Json<Channel> {
  const members = crowd.map((member, at) => channelMember(member, at, state));
  const mspIds = [...new Set(members.map(({ mspId }) => mspId))];
  return {
    name,
    role: "observer",
    blocks: "verify",
    configSequence: String(state.sequence),
    height: String(state.height),
    organisations: mspIds.map((mspId) => {
      const own = members.filter((member) => member.mspId === mspId);
      const heights = own.map(({ height }) => Number(height));
      const anchors = own.slice(0, 1).map(({ endpoint }) => endpoint ?? "");
      return { mspId, anchors, members: own.length, heightMax: String(Math.max(...heights)) };
    }),
    members,
    trust: `from ${name}.block`,
    notes: [],
    problems: [
      {
        ...({ code: "crl-pending", severity: "warning", mspId: "Org1MSP", about: "" } as const),
        pkiId: crowd[CRL_PENDING]?.pkiId ?? "",
        ...{ reason: "It has not committed the revocation list.", remedy: "Let it catch up." },
        since: new Date().toISOString(),
      },
      {
        ...({ code: "channel-still", severity: "warning", mspId: null, pkiId: null } as const),
        ...{
          about: "",
          reason: `No block of ${name} came for 10 min.`,
          remedy: "Look at the orderers.",
        },
        since: new Date().toISOString(),
      },
    ],
  };
}

function channelMember(
  { pkiId, mspId, endpoint, status, self }: Json<Member>,
  at: number,
  { height }: ChannelState,
): Json<ChannelMember> {
  const behind = at === LAGGING ? 40 : at % 17 === 3 ? 1 : 0;
  const has = height - behind;
  return {
    pkiId,
    mspId: mspId ?? "",
    subject: `CN=peer${at}.example.com,OU=peer,C=US`,
    endpoint,
    status,
    self,
    height: String(has),
    behind: String(behind),
    committedAt: new Date(Date.now() - 1_000 - behind * 2_000).toISOString(),
    loadedAt: new Date(STARTED).toISOString(),
    lagMs: behind === 0 ? null : behind === 1 ? 1_500 : LAG_MS,
    lagging: at === LAGGING,
    leftChannel: at === GONE,
    chaincodes: [
      { name: "basic", sequence: at % 4 === 3 ? "1" : "2" },
      ...(at === BARE ? [] : [{ name: "asset-transfer", sequence: "1" }]),
    ],
  };
}

function configOf(name: string, { sequence }: ChannelState): Json<ConfigView> {
  const organisation = (mspId: string, isOrdering: boolean): Json<OrganisationView> => ({
    name: mspId,
    mspId,
    anchors: isOrdering ? [] : [`peer0.${mspId.toLowerCase()}.example.com:7051`],
    endpoints: isOrdering ? ["orderer.example.com:7050"] : [],
    certificates: [
      {
        kind: "root CA",
        subject: `CN=ca.${mspId}`,
        sha256: "00".repeat(32),
        notAfter: new Date(STARTED + (mspId === "Org2MSP" ? 9 : 900) * 86_400_000).toISOString(),
      },
    ],
    revoked: mspId === "Org3MSP" ? ["1f"] : [],
    nodeOus: true,
  });
  return {
    channel: name,
    sequence: String(sequence),
    blockNumber: String(100 * sequence),
    organisations: [1, 2, 3, 4].map((number) => organisation(`Org${number}MSP`, false)),
    orderers: {
      type: "BFT",
      isInMaintenance: false,
      organisations: [organisation("OrdererMSP", true)],
      consenters: [],
      batch: {
        messagesMax: 500,
        absoluteBytesMax: 10_485_760,
        preferredBytesMax: 2_097_152,
        timeout: "2s",
      },
    },
    ordererAddresses: [],
    capabilities: { channel: ["V3_0"], application: ["V2_5"], orderer: ["V2_0"] },
    policies: [{ name: "/Channel/Readers", rule: "ANY Readers" }],
    acls: [],
    trust: `from ${name}.block`,
    problems: ["Org4MSP has no anchor peer: other organisations do not find its peers."],
  };
}

function blockOf(name: string, number: number, { height }: ChannelState): Json<ChannelBlock> {
  const made = Date.now() - (height - number) * 2_000;
  const codes = number % 7 === 3 ? [0, 11, 0] : number % 5 === 0 ? [] : [0, 0, 0];
  return {
    channel: name,
    number: String(number),
    hash: Buffer.alloc(32, number).toString("base64"),
    previousHash: "00".repeat(32),
    dataHash: "00".repeat(32),
    transactions: 3,
    bytes: 9_000 + number,
    isConfig: number % 100 === 0,
    kind: number % 100 === 0 ? "config" : "transactions",
    signedBy: [{ mspId: "OrdererMSP", subject: "CN=orderer0" }],
    madeAt: new Date(made).toISOString(),
    lastConfig: "0",
    validationCodes: codes,
    commitHash: null,
    agreement: { agreedBy: [], conflicts: [] },
    receivedAt: new Date(made + 400).toISOString(),
    from: "peer1.org2.example.com:7051",
  };
}
