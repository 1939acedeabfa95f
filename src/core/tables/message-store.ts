/**
 * Which messages we have had, so that each is passed on once and none that is outdated. Every
 * operation finds its entry by key. A message expires after a while but is remembered as long
 * again, so that copies still under way do not revive it. Source: spec B 5 (Fabric's `msgstore`);
 * what supersedes what is said once more, pair by pair, in message-order.ts.
 */
import { toHex } from "../../wire/bytes.ts";
import type { GossipMessage, PeerTime } from "../../wire/messages.ts";
import { isNewer } from "../rules/message-order.ts";
import type { Now } from "../types/host.ts";

export interface MessageStoreOptions {
  /** Milliseconds until a message expires; it is remembered twice as long. */
  readonly expireMs: number;
  /** Messages remembered; beyond it the oldest gives way. */
  readonly messagesMax: number;
  /** Messages remembered of one author, in different channels; beyond it new ones are refused. */
  readonly perAuthorMax: number;
  /** How far apart the numbers of two blocks of one channel may be. */
  readonly blockWindow: number;
}

/** What of a message decides about others: messages of different keys do not concern each other. */
interface Slot {
  readonly key: string;
  /** PKI-ID, or for blocks the channel. */
  readonly author: string;
  /** A later time supersedes; without one the first message stays. */
  readonly time: PeerTime | undefined;
  /** The number of a block. */
  readonly block: bigint | undefined;
}

interface Entry extends Slot {
  readonly sinceMs: number;
}

export interface MessageStore {
  readonly options: MessageStoreOptions;
  /** Oldest first, like those below. */
  readonly live: Map<string, Entry>;
  readonly expired: Map<string, Entry>;
  /** The keys of each author. */
  readonly byAuthor: Map<string, Set<string>>;
}

export function createMessageStore(options: MessageStoreOptions): MessageStore {
  return { options, live: new Map(), expired: new Map(), byAuthor: new Map() };
}

/** Whether the message is news: no other, expired ones included, makes it superfluous. */
export function isNewMessage(store: MessageStore, message: GossipMessage): boolean {
  const slot = slotOf(message);
  return slot !== undefined && isNew(store, slot);
}

/** Remembers the message; false if it is not news, or its author has too many already. */
export function addMessage(store: MessageStore, message: GossipMessage, now: Now): boolean {
  const slot = slotOf(message);
  if (slot === undefined || !isNew(store, slot)) return false;
  if (slot.block !== undefined) dropOldBlocks(store, slot.author, slot.block);
  remove(store, slot.key);
  const { messagesMax, perAuthorMax } = store.options;
  if ((store.byAuthor.get(slot.author)?.size ?? 0) >= perAuthorMax) return false;
  if (store.live.size + store.expired.size >= messagesMax) removeOldest(store);
  store.live.set(slot.key, { ...slot, sinceMs: now.elapsedMs });
  const keys = store.byAuthor.get(slot.author);
  if (keys) keys.add(slot.key);
  else store.byAuthor.set(slot.author, new Set([slot.key]));
  return true;
}

/** Lets messages expire, and forgets what expired long ago. Cheap to call often. */
export function expireMessages(store: MessageStore, now: Now): void {
  const { expireMs } = store.options;
  for (const [key, entry] of store.live) {
    if (now.elapsedMs - entry.sinceMs <= expireMs) break;
    store.live.delete(key);
    store.expired.set(key, entry);
  }
  for (const [key, { sinceMs }] of store.expired) {
    if (now.elapsedMs - sinceMs <= 2 * expireMs) break;
    remove(store, key);
  }
}

function isNew(store: MessageStore, slot: Slot): boolean {
  const known = find(store, slot.key);
  if (known !== undefined) {
    return slot.time !== undefined && known.time !== undefined && isNewer(slot.time, known.time);
  }
  const { block } = slot;
  if (block === undefined) return true;
  const tooFar = block + BigInt(store.options.blockWindow);
  return blocksOf(store, slot.author).every((other) => other <= tooFar);
}

function find({ live, expired }: MessageStore, key: string): Entry | undefined {
  return live.get(key) ?? expired.get(key);
}

/** At most one more than the window, as others are too far apart. */
function blocksOf(store: MessageStore, channel: string): readonly bigint[] {
  return [...(store.byAuthor.get(channel) ?? [])].map((key) => find(store, key)?.block ?? 0n);
}

function dropOldBlocks(store: MessageStore, channel: string, block: bigint): void {
  const tooFar = block - BigInt(store.options.blockWindow);
  for (const other of blocksOf(store, channel)) {
    if (other < tooFar) remove(store, blockKey(channel, other));
  }
}

function removeOldest(store: MessageStore): void {
  const [oldest] = store.expired.size > 0 ? store.expired.keys() : store.live.keys();
  if (oldest !== undefined) remove(store, oldest);
}

function remove(store: MessageStore, key: string): void {
  const entry = find(store, key);
  if (entry === undefined) return;
  store.live.delete(key);
  store.expired.delete(key);
  const keys = store.byAuthor.get(entry.author);
  keys?.delete(key);
  if (keys?.size === 0) store.byAuthor.delete(entry.author);
}

function blockKey(channel: string, block: bigint): string {
  return `block ${channel} ${block}`;
}

/** Undefined for messages that are never kept. */
function slotOf({ content, channel }: GossipMessage): Slot | undefined {
  switch (content?.type) {
    case "alive": {
      const { membership, timestamp } = content.value;
      return byTime("alive", membership?.pkiId, "", timestamp);
    }
    case "state-info": {
      const { pkiId, channelMac, timestamp } = content.value;
      return byTime("state-info", pkiId, toHex(channelMac), timestamp);
    }
    case "leadership":
      return byTime("leadership", content.value.pkiId, toHex(channel), content.value.timestamp);
    case "peer-identity": {
      const author = toHex(content.value.pkiId);
      return { key: `identity ${author}`, author, time: undefined, block: undefined };
    }
    case "data": {
      const [author, block] = [toHex(channel), content.value.payload?.seqNum];
      if (block === undefined) return undefined;
      return { key: blockKey(author, block), author, time: undefined, block };
    }
    default:
      return undefined;
  }
}

function byTime(
  kind: string,
  pkiId: Uint8Array | undefined,
  channel: string,
  time: PeerTime | undefined,
): Slot | undefined {
  if (pkiId === undefined || time === undefined) return undefined;
  const author = toHex(pkiId);
  return { key: `${kind} ${author} ${channel}`, author, time, block: undefined };
}
