/** The public API. Everything else is internal and may change without notice. */

export type { Config } from "./config/config.ts";
export { type LoadOptions, loadConfig } from "./config/load.ts";
export type { Signer } from "./core/types/host.ts";
export { GossipError, type GossipErrorCode } from "./lib/errors.ts";
// For those who bring their own key store or change trust at run time.
export { loadMsp } from "./msp/load-msp.ts";
export type { Msp } from "./msp/msp.ts";
// For users: run a member, look at the network.
export { GossipNode } from "./node/node.ts";
export type { Channel } from "./observe/channels.ts";
export type { Explanation } from "./observe/diagnosis/why/explanation.ts";
export type { Connection, GossipEvent, Identity, Member } from "./observe/views.ts";
