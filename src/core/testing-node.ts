/** One member of the world of tests: its core, and all that happened to it. */
import type { GossipMessage } from "../wire/messages.ts";
import { type ReadMessage, readMessage } from "../wire/received.ts";
import { type Core, createCore } from "./core.ts";
import { type TestCrypto, testCrypto, testIdentity } from "./testing-identities.ts";
import type { DropCode } from "./types/drop.ts";
import type { Effect } from "./types/effect.ts";
import type { CoreEvent } from "./types/event.ts";
import type { Identity, Now, PkiId } from "./types/host.ts";
import type { Input } from "./types/input.ts";
import {
  type CoreOptions,
  DEFAULT_CORE_LIMITS,
  DEFAULT_FANOUT,
  DEFAULT_TIMING,
} from "./types/options.ts";

/** Messages on their way, and a few more. */
const LATELY_MAX = 4_096;

export interface TestNode {
  readonly name: string;
  readonly endpoint: string;
  identity: Identity;
  readonly crypto: TestCrypto;
  core: Core;
  /** When its core wants to be called, in elapsed milliseconds. */
  dueMs: number;
  isUp: boolean;
  readonly events: CoreEvent[];
  readonly drops: DropCode[];
  /** What was handed to whoever follows a channel. */
  readonly received: GossipMessage[];
  /** Every message sent, decoded, in order. */
  readonly sent: {
    readonly to: PkiId;
    readonly message: GossipMessage;
    readonly bytes: Uint8Array;
    /** Whether the addressee may still have it. */
    readonly isAllowed: () => boolean;
    readonly atMs: number;
  }[];
  /** Requests for blocks that it would answer. */
  readonly served: Extract<Effect, { type: "serve-blocks" }>[];
  readonly connected: Set<PkiId>;
  stalledUntilMs: number;
  /** What happened to it while it stood still. */
  readonly stalled: Input[];
}

export type TestNodeOptions = Partial<
  Pick<
    CoreOptions,
    | "bootstrap"
    | "formerPeers"
    | "anchorPeers"
    | "externalEndpoint"
    | "timing"
    | "fanout"
    | "channels"
    | "beyondFabric"
  >
> & { readonly mspId?: string; readonly trusts?: readonly string[]; readonly identity?: Identity };

export function createNode(
  name: string,
  options: TestNodeOptions,
  parts: Required<Pick<CoreOptions, "random" | "read">>,
  now: Now,
): TestNode {
  const { mspId = "A", identity = testIdentity(mspId, name), trusts = [mspId], ...rest } = options;
  const crypto = testCrypto(...trusts);
  const endpoint = `${name}:7051`;
  const defaults = {
    externalEndpoint: endpoint,
    bootstrap: [],
    anchorPeers: [],
    timing: DEFAULT_TIMING,
    fanout: DEFAULT_FANOUT,
  };
  const core = createCore(
    {
      ...{ ...defaults, ...rest, ...parts, crypto },
      self: identity,
      internalEndpoint: endpoint,
      metadata: new Uint8Array(0),
      lastIncarnation: 0n,
      limits: DEFAULT_CORE_LIMITS,
    },
    now,
  );
  return {
    ...{ name, endpoint, identity, crypto, core },
    dueMs: core.expectedAtMs,
    isUp: true,
    events: [],
    drops: [],
    received: [],
    sent: [],
    served: [],
    connected: new Set(),
    stalledUntilMs: 0,
    stalled: [],
  };
}

/** What a message says follows from its bytes: all members share what one has read lately. */
export function createReader(): ReadMessage {
  const lately = new Map<Uint8Array, ReturnType<ReadMessage>>();
  return (bytes) => {
    const known = lately.get(bytes);
    if (known !== undefined) return known;
    // No weak map: the collector has to look at each of its entries.
    if (lately.size >= LATELY_MAX) lately.clear();
    const received = readMessage(bytes);
    lately.set(bytes, received);
    return received;
  };
}
