/** The public API. Everything else is internal and may change without notice. */

// What a configuration consists of.
export type {
  ChannelConfig,
  Config,
  GossipConfig,
  GossipTls,
  Keepalive,
  Limits,
  TlsFiles,
} from "./config/config.ts";
export { type LoadOptions, loadConfig } from "./config/load.ts";
export type { NodeOptions, Preset, TlsOptions } from "./config/options.ts";
// What happened, and why.
export type {
  BudgetFault,
  DropCode,
  NameFault,
  PresentedIdentityFault,
  StateInfoFault,
  VerifyFault,
} from "./core/types/drop.ts";
export type { DeathReason, LearntFrom, PurgeReason } from "./core/types/event.ts";
export type { IdentityFault, Signer } from "./core/types/host.ts";
// For users: read a channel without being a member.
export type {
  BlockAgreement,
  CertificateView,
  Channel,
  ChannelBlock,
  ChannelMember,
  ChannelProblem,
  ChannelProblemCode,
  ConfigDiff,
  ConfigView,
  OrganisationView,
  ReadBlock,
} from "./following/views.ts";
export { GossipError, type GossipErrorCode } from "./lib/errors.ts";
export type { HostPort } from "./lib/host-port.ts";
export type { MessagingFault } from "./messaging/types/effect.ts";
// For those who bring their own key store or change trust at run time.
export { loadMsp } from "./msp/load-msp.ts";
export type { Msp } from "./msp/msp.ts";
// For users: run a member, look at the network, talk to other members.
export type { AnswerQuery } from "./node/answerers.ts";
export type { Diagnostics } from "./node/diagnostics.ts";
export type { ChannelExplanation, SecondSource } from "./node/explain-member.ts";
export type { MessagingMember } from "./node/messaging-member.ts";
export type { NameService } from "./node/name-service.ts";
export { GossipNode } from "./node/node.ts";
export type { NodeBlocksOptions, NodeChannel } from "./node/node-channel.ts";
export type { StartOptions } from "./node/options.ts";
export type { ChannelOrganisationSummary, ChannelSummary } from "./observe/channel-summary.ts";
export type { Counts, TopicCounts, Traffic } from "./observe/counters.ts";
export type { Failure } from "./observe/diagnosis/failures.ts";
export type { Cause, Explanation, Next } from "./observe/diagnosis/why/explanation.ts";
export type { ChannelCause } from "./observe/diagnosis/why/on-channel.ts";
export type { BlockCounts, EventCounts, MemberCounts } from "./observe/event-counts.ts";
export type {
  ChannelLag,
  ContactCode,
  EventContent,
  EventOf,
  ForgetReason,
  GossipEvent,
  HandshakeCode,
  ProblemCode,
  RejectionCode,
  SendCode,
  TlsUse,
} from "./observe/events.ts";
export type { HeightPoint, MemberHeights } from "./observe/height-series.ts";
export type { MessageBatch, TappedMessage } from "./observe/message-tap.ts";
export type { Histogram, MeteredTraffic, Meters, Volume, Volumes } from "./observe/meters.ts";
export type { OrganisationSummary, Summary } from "./observe/summary.ts";
export type {
  Answer,
  Audience,
  MemberRing,
  NoAnswerReason,
  Query,
  Service,
  ServiceHealth,
  TopicEvent,
  TopicQuery,
  Unanswered,
} from "./observe/topics.ts";
export type { Connection, Identity, IdentitySummary, Member } from "./observe/views.ts";
export type { BlocksOptions } from "./reader/blocks.ts";
export type { LagLimits } from "./reader/heights.ts";
export type { ReadChannelOptions } from "./reader/options.ts";
export {
  type ChannelReader,
  type ReadConfiguration,
  readChannel,
  readConfigurationFile,
} from "./reader/read-channel.ts";
export { ReadError, type ReadErrorCode } from "./reader/read-error.ts";
export type { ChannelChaincodes, ChannelHeights } from "./reader/views.ts";
// What a signature above names.
export type { ConnectionFault } from "./transport/connection-options.ts";
export type { StatusFault } from "./transport/grpc-status.ts";
export type { HandshakeFault } from "./transport/handshake-fault.ts";
export type { ClientTlsFault, NetworkFault } from "./transport/network.ts";
export type { RefusalFault } from "./transport/refusal.ts";
export type { TlsFault, TlsRefusal } from "./transport/tls-fault.ts";
export type { WireFault } from "./wire/decode.ts";
export type { AliveFault } from "./wire/received.ts";
