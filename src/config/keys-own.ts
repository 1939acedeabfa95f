/** Our own keys, below `fabricGossip`; the manual is generated from this table too. */
import { DEFAULT_CORE_LIMITS, DEFAULT_FANOUT, DEFAULT_TIMING } from "../core/types/options.ts";
import { choice, duration, durations, namedPaths, path, whole } from "./key.ts";
import { channelList } from "./key-channels.ts";
import { addresses, addressRanges, dnsNames, endpoints } from "./key-network.ts";
import { tags } from "./key-tags.ts";

const HOUR = 3_600_000;

export const OWN_KEYS = {
  trustedMsps: namedPaths(
    "fabricGossip.trustedMsps",
    { name: "mspId", path: "path" },
    {
      doc: "MSP folders of other organisations whose members we accept. As text: `Org2MSP=path,Org3MSP=path`.",
      absent: [],
    },
  ),
  anchorPeers: endpoints("fabricGossip.anchorPeers", {
    doc: "Members of any trusted organisation that we contact and never give up. Fabric takes these from the channel configuration.",
    absent: [],
  }),
  bootstrapNames: dnsNames("fabricGossip.bootstrapNames", {
    doc: "DNS names of members of our organisation: `host:port`, where each address (A, AAAA) is a member, or a service (SRV), `_gossip._tcp.example.com`. Resolved every 30 s, and every second while no other member is alive; we contact 8 results at a time.",
    absent: [],
  }),
  nameServers: addresses("fabricGossip.nameServers", {
    doc: "Name servers for `fabricGossip.bootstrapNames`, such as Consul's `127.0.0.1:8600`. Empty: the system's; for `host:port` also its files and search domains.",
    absent: [],
  }),
  dialDeny: addressRanges("fabricGossip.dialDeny", {
    doc: "Addresses that we do not dial when a member announces them, directly or through a name. We never dial our own operations endpoint, and always bootstrap and anchor peers, and loopback addresses if we or one of these use them.",
    // Loopback, link-local and metadata services, "this host", several at once.
    absent: [
      "0.0.0.0/8",
      "100.100.100.200",
      "127.0.0.0/8",
      "169.254.0.0/16",
      "224.0.0.0/3",
      "::",
      "::1",
      "fd00:ec2::254",
      "fe80::/10",
      "ff00::/8",
    ],
    empty: [],
  }),
  channels: channelList(
    "fabricGossip.channels",
    "Channels to follow: see [channels.md](channels.md#a-member-that-follows-channels). As text: " +
      "`mychannel`, `mychannel=block`, several separated by commas, or the list in JSON.",
  ),
  tags: tags("fabricGossip.tags", {
    doc: "Names with values that this member publishes to members of our kind, at most 512 bytes. As text: `role=shop,http=10.0.0.5:80`.",
    absent: {},
    byDefault: "none",
  }),
  stateDir: path("fabricGossip.stateDir", {
    doc: "Folder that keeps the last incarnation, up to 20 known members and blocks of channels across restarts. Members known before are contacted while nobody is alive. Empty: nothing is kept.",
    absent: undefined,
  }),
  strategy: choice("fabricGossip.strategy", ["neighbours", "random"], {
    doc: "Recipients of relayed messages: `neighbours`, a few fixed members, or `random`, `peer.gossip.propagatePeerNum` members drawn per message as in Fabric.",
    absent: DEFAULT_FANOUT.strategy,
  }),
  neighbourRefreshMs: duration("fabricGossip.neighbourRefresh", {
    doc: "Maximum time that a member keeps its neighbours; the same for all members.",
    min: 10_000,
    max: 720 * HOUR,
    absent: DEFAULT_TIMING.neighbourRefreshMs,
  }),
  expiryNoticesMs: durations("fabricGossip.expiryNotices", {
    doc: "Times before the expiry of a certificate, ours or another's, at which we report it.",
    min: 1_000,
    max: 8_760 * HOUR,
    absent: DEFAULT_TIMING.expiryNoticesMs,
  }),
};

export const LIMIT_KEYS = {
  membersMax: whole("fabricGossip.limits.membersMax", {
    doc: "Members kept, alive and dead.",
    unit: "members",
    min: 1,
    max: 1_000_000,
    absent: DEFAULT_CORE_LIMITS.membersMax,
  }),
  identitiesMax: whole("fabricGossip.limits.identitiesMax", {
    doc: "Identities kept.",
    unit: "identities",
    min: 1,
    max: 1_000_000,
    absent: DEFAULT_CORE_LIMITS.identitiesMax,
  }),
  identityUsageMs: duration("fabricGossip.limits.identityUsage", {
    doc: "How long we keep an unused identity (fixed in Fabric).",
    min: 100,
    max: 24 * HOUR,
    absent: DEFAULT_TIMING.identityUnusedMs,
  }),
  backlogMax: whole("fabricGossip.limits.backlogMax", {
    doc: "Pulled identities and messages of unknown authors that wait for their signature check.",
    unit: "messages",
    min: 64,
    max: 1_000_000,
    absent: DEFAULT_CORE_LIMITS.backlogMax,
  }),
  stateInfosMax: whole("fabricGossip.limits.stateInfosMax", {
    doc: "StateInfo of channels that we do not follow, kept so that we relay each once.",
    unit: "messages",
    min: 1,
    max: 1_000_000,
    absent: DEFAULT_CORE_LIMITS.stateInfosMax,
  }),
  pullItemsMax: whole("fabricGossip.limits.pullItemsMax", {
    doc: "Items requested or sent in one pull message.",
    unit: "items",
    min: 1,
    max: 100_000,
    absent: DEFAULT_CORE_LIMITS.pullItemsMax,
  }),
  hellosPerPeerMax: whole("fabricGossip.limits.hellosPerPeerMax", {
    doc: "Open hellos kept per peer.",
    unit: "hellos",
    min: 1,
    max: 1_000,
    absent: DEFAULT_CORE_LIMITS.hellosPerPeerMax,
  }),
  checksPerSecond: whole("fabricGossip.limits.checksPerSecond", {
    doc: "Signatures checked per relaying peer; a wrong one counts ten times. Excess is dropped unchecked (`check-budget`). Ten seconds accumulate.",
    unit: "checks/s",
    min: 10,
    max: 1_000_000,
    absent: DEFAULT_CORE_LIMITS.checksPerSecond,
  }),
  newsPerSecond: whole("fabricGossip.limits.newsPerSecond", {
    doc: "Messages accepted per author, whoever relays them; excess is dropped (`news-budget`). Ten seconds accumulate.",
    unit: "messages/s",
    min: 1,
    max: 1_000_000,
    absent: DEFAULT_CORE_LIMITS.newsPerSecond,
  }),
  answerBytesPerSecond: whole("fabricGossip.limits.answerBytesPerSecond", {
    doc: "Answers per peer, estimated before they are built; excess requests get none (`answer-budget`). Two seconds accumulate.",
    unit: "bytes/s",
    min: 1_024,
    max: 1_073_741_824,
    absent: DEFAULT_CORE_LIMITS.answerBytesPerSecond,
  }),
  connectionsMax: whole("fabricGossip.limits.connectionsMax", {
    doc: "Connections with a complete handshake.",
    unit: "connections",
    min: 1,
    max: 100_000,
    absent: 1_000,
  }),
  handshakesMax: whole("fabricGossip.limits.handshakesMax", {
    doc: "Incoming connections with an incomplete handshake.",
    unit: "connections",
    min: 1,
    max: 10_000,
    absent: 100,
  }),
  unprovenPerAddressMax: whole("fabricGossip.limits.unprovenPerAddressMax", {
    doc: "Incoming connections per address (IPv6: per network of 64 bits) without proven identity; a further one replaces the oldest. Raise it where many members share an address.",
    unit: "connections",
    min: 1,
    max: 10_000,
    absent: 100,
  }),
  messageBytesMax: whole("fabricGossip.limits.messageBytesMax", {
    doc: "Largest message accepted, up to `peer.maxRecvMsgSize`. A list of 10_000 members, the most in one answer, stays below 13 MB.",
    unit: "bytes",
    min: 65_536,
    max: 2_147_483_647,
    absent: 16_777_216,
  }),
  receivedBytesPerSecond: whole("fabricGossip.limits.receivedBytesPerSecond", {
    doc: "Read rate per connection, each message counting 400 bytes more; faster senders wait. Four seconds accumulate.",
    unit: "bytes/s",
    min: 65_536,
    max: 1_073_741_824,
    absent: 4_194_304,
  }),
  sendQueueBytesMax: whole("fabricGossip.limits.sendQueueBytesMax", {
    doc: "Bytes that may queue for one peer; a single larger message may queue alone.",
    unit: "bytes",
    min: 65_536,
    max: 1_073_741_824,
    absent: 8_388_608,
  }),
  eventsMax: whole("fabricGossip.limits.eventsMax", {
    doc: "Events kept for a slow listener; beyond, it loses the oldest.",
    unit: "events",
    min: 1,
    max: 1_000_000,
    absent: 10_000,
  }),
};
