/** Keys of our own, below `fabricGossip`; the manual is written from this table too. */
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
      doc:
        "MSP folders of other organisations whose members we accept. As text: " +
        "`Org2MSP=path,Org3MSP=path`.",
      absent: [],
    },
  ),
  anchorPeers: endpoints("fabricGossip.anchorPeers", {
    doc:
      "Members of any trusted organisation to contact, never given up. Fabric takes these " +
      "from the channel configuration.",
    absent: [],
  }),
  bootstrapNames: dnsNames("fabricGossip.bootstrapNames", {
    doc:
      "Names that lead to members of our organisation: `host:port`, whose addresses (A, AAAA) are one " +
      "member each, or a service (SRV), `_gossip._tcp.example.com`. Resolved again every 30 s, and every " +
      "second while no other member is alive; 8 of those that they lead to are contacted at a time.",
    absent: [],
  }),
  nameServers: addresses("fabricGossip.nameServers", {
    doc:
      "Name servers that are asked for `fabricGossip.bootstrapNames`, such as Consul's `127.0.0.1:8600`. " +
      "Empty: those of the system, for `host:port` with its files and search domains.",
    absent: [],
  }),
  dialDeny: addressRanges("fabricGossip.dialDeny", {
    doc:
      "Addresses that are not dialled on a member's word, also if a name leads there: what a member " +
      "says of itself is signed, but need not be true. Our own operations endpoint is never dialled; " +
      "bootstrap and anchor peers always are, and loopback addresses if we or one of these are there.",
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
    doc:
      "What this member says of itself: names with values, at most 512 bytes, seen by every member of our " +
      "kind. As text: `role=shop,http=10.0.0.5:80`.",
    absent: {},
    byDefault: "none",
  }),
  stateDir: path("fabricGossip.stateDir", {
    doc:
      "Folder where the last incarnation outlives a restart, so that a clock set back does no harm. " +
      "Empty: nothing is kept.",
    absent: undefined,
  }),
  strategy: choice("fabricGossip.strategy", ["neighbours", "random"], {
    doc:
      "To whom messages are passed on: `neighbours`, a few fixed members, or `random`, " +
      "`peer.gossip.propagatePeerNum` members drawn for each message as Fabric does.",
    absent: "neighbours",
  }),
  neighbourRefreshMs: duration("fabricGossip.neighbourRefresh", {
    doc: "How long a member keeps its neighbours at most; the same for all members.",
    min: 10_000,
    max: 720 * HOUR,
    absent: HOUR,
  }),
  expiryNoticesMs: durations("fabricGossip.expiryNotices", {
    doc: "How long before a certificate expires, ours or another's, notice is given.",
    min: 1_000,
    max: 8_760 * HOUR,
    absent: [720 * HOUR, 168 * HOUR, 24 * HOUR, HOUR],
  }),
};

export const LIMIT_KEYS = {
  membersMax: whole("fabricGossip.limits.membersMax", {
    doc: "Members remembered, alive and dead.",
    unit: "members",
    min: 1,
    max: 1_000_000,
    absent: 20_000,
  }),
  identitiesMax: whole("fabricGossip.limits.identitiesMax", {
    doc: "Identities remembered.",
    unit: "identities",
    min: 1,
    max: 1_000_000,
    absent: 20_000,
  }),
  identityUsageMs: duration("fabricGossip.limits.identityUsage", {
    doc: "How long an identity nobody needs is kept (fixed in Fabric).",
    min: 100,
    max: 24 * HOUR,
    absent: HOUR,
  }),
  backlogMax: whole("fabricGossip.limits.backlogMax", {
    doc: "Pulled identities, and news kept aside, that wait for their signature check.",
    unit: "messages",
    min: 64,
    max: 1_000_000,
    absent: 50_000,
  }),
  stateInfosMax: whole("fabricGossip.limits.stateInfosMax", {
    doc: "News of channels that we do not follow, remembered so that they are passed on once.",
    unit: "messages",
    min: 1,
    max: 1_000_000,
    absent: 20_000,
  }),
  pullItemsMax: whole("fabricGossip.limits.pullItemsMax", {
    doc: "Items asked for or sent in one pull message.",
    unit: "items",
    min: 1,
    max: 100_000,
    absent: 2_000,
  }),
  hellosPerPeerMax: whole("fabricGossip.limits.hellosPerPeerMax", {
    doc: "Open pull rounds remembered for one peer.",
    unit: "hellos",
    min: 1,
    max: 1_000,
    absent: 16,
  }),
  checksPerSecond: whole("fabricGossip.limits.checksPerSecond", {
    doc:
      "Signatures checked for one peer that passes them on; a wrong one counts ten times. What is " +
      "above is dropped unchecked (`check-budget`). Ten seconds' worth can be saved up.",
    unit: "checks/s",
    min: 10,
    max: 1_000_000,
    absent: 2_000,
  }),
  newsPerSecond: whole("fabricGossip.limits.newsPerSecond", {
    doc:
      "News of one author that are taken, whoever passes them on; what is above is dropped " +
      "(`news-budget`). Ten seconds' worth can be saved up.",
    unit: "messages/s",
    min: 1,
    max: 1_000_000,
    absent: 50,
  }),
  answerBytesPerSecond: whole("fabricGossip.limits.answerBytesPerSecond", {
    doc:
      "Answers to one peer's questions, as estimated before they are made; what it asks beyond is " +
      "not answered (`answer-budget`). Two seconds' worth can be saved up.",
    unit: "bytes/s",
    min: 1_024,
    max: 1_073_741_824,
    absent: 2_097_152,
  }),
  connectionsMax: whole("fabricGossip.limits.connectionsMax", {
    doc: "Connections with a finished handshake.",
    unit: "connections",
    min: 1,
    max: 100_000,
    absent: 1_000,
  }),
  handshakesMax: whole("fabricGossip.limits.handshakesMax", {
    doc: "Incoming connections whose handshake is not finished.",
    unit: "connections",
    min: 1,
    max: 10_000,
    absent: 100,
  }),
  unprovenPerAddressMax: whole("fabricGossip.limits.unprovenPerAddressMax", {
    doc:
      "Incoming connections of one address that have not proven who they are; a further one takes " +
      "the place of the oldest. More where many members come from behind one address.",
    unit: "connections",
    min: 1,
    max: 10_000,
    absent: 100,
  }),
  messageBytesMax: whole("fabricGossip.limits.messageBytesMax", {
    doc:
      "Largest message we accept; never more than `peer.maxRecvMsgSize`. Fabric's 100 MiB are " +
      "for blocks; a list of the 10_000 members that one answer can name stays below 13 MB.",
    unit: "bytes",
    min: 65_536,
    max: 2_147_483_647,
    absent: 16_777_216,
  }),
  receivedBytesPerSecond: whole("fabricGossip.limits.receivedBytesPerSecond", {
    doc:
      "How fast one connection is read, each message counting 400 bytes more; who sends faster is " +
      "made to wait, and nothing is lost. Four seconds' worth can be saved up.",
    unit: "bytes/s",
    min: 65_536,
    max: 1_073_741_824,
    absent: 4_194_304,
  }),
  sendQueueBytesMax: whole("fabricGossip.limits.sendQueueBytesMax", {
    doc: "Bytes that may wait to be sent to one peer; a single larger message may wait alone.",
    unit: "bytes",
    min: 65_536,
    max: 1_073_741_824,
    absent: 8_388_608,
  }),
  eventsMax: whole("fabricGossip.limits.eventsMax", {
    doc: "Events kept for a listener that lags behind; beyond, it loses the oldest.",
    unit: "events",
    min: 1,
    max: 1_000_000,
    absent: 10_000,
  }),
};
