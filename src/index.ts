/** The public API. Everything else is internal and may change without notice. */

export type { Channel } from "./channels.ts";
export { type Config, type LoadOptions, loadConfig } from "./config/config.ts";
export type { Signer } from "./core/abilities.ts";
export { GossipError, type GossipErrorCode } from "./errors.ts";
// For those who bring their own key store or change trust at run time.
export { loadMsp } from "./msp/load-msp.ts";
export type { Msp } from "./msp/msp.ts";
// For users: run a member, look at the network.
export { GossipNode } from "./node.ts";
export type { Connection, GossipEvent, Identity, Member } from "./view.ts";
export type { Explanation } from "./why/why.ts";
