/**
 * What members say of channels that we do not follow, so that each message is passed on once and
 * none that is outdated. A message expires after a while but is remembered as long again, so that
 * copies still under way do not revive it. Source: spec B 5 (Fabric's `msgstore`).
 */
import type { PeerTime } from "../../wire/messages.ts";
import { isNewer } from "../../wire/received.ts";
import type { Now, PkiId } from "../types/host.ts";

/** The latest of one member about one channel. */
export interface ChannelNews {
  readonly author: PkiId;
  /** The hash that stands for the channel, in hex: another one for each author. */
  readonly channel: string;
  readonly time: PeerTime;
}

interface Entry extends ChannelNews {
  readonly sinceMs: number;
}

export interface ChannelNewsTable {
  /** Milliseconds until a message expires; it is remembered twice as long. */
  readonly expireMs: number;
  /** Messages remembered; beyond it the oldest gives way. */
  readonly max: number;
  /** By {@link keyOf}, oldest first, like those below. */
  readonly live: Map<string, Entry>;
  readonly expired: Map<string, Entry>;
  /** The keys of each author. */
  readonly byAuthor: Map<string, Set<string>>;
}

/** Channels of one member; beyond it new ones are refused. */
const CHANNELS_PER_MEMBER_MAX = 100;

export function createChannelNews(expireMs: number, max: number): ChannelNewsTable {
  return { expireMs, max, live: new Map(), expired: new Map(), byAuthor: new Map() };
}

/** Ends with the channel. Fabric knows the author only, so that two channels push each other out. */
function keyOf({ author, channel }: ChannelNews): string {
  return `${author} ${channel}`;
}

/** Whether it is newer than everything known of this author and channel, expired or not. */
export function isChannelNews({ live, expired }: ChannelNewsTable, news: ChannelNews): boolean {
  const known = live.get(keyOf(news)) ?? expired.get(keyOf(news));
  return known === undefined || isNewer(news.time, known.time);
}

/** Remembers what is news; false if its author has too many channels. */
export function addChannelNews(table: ChannelNewsTable, news: ChannelNews, now: Now): boolean {
  const key = keyOf(news);
  forget(table, key);
  const { live, expired, byAuthor, max } = table;
  if ((byAuthor.get(news.author)?.size ?? 0) >= CHANNELS_PER_MEMBER_MAX) return false;
  if (live.size + expired.size >= max) {
    const [oldest] = expired.size > 0 ? expired.keys() : live.keys();
    if (oldest !== undefined) forget(table, oldest);
  }
  live.set(key, { ...news, sinceMs: now.elapsedMs });
  byAuthor.set(news.author, (byAuthor.get(news.author) ?? new Set<string>()).add(key));
  return true;
}

/** Lets messages expire, and forgets what expired long ago. Cheap to call often. */
export function expireChannelNews(table: ChannelNewsTable, now: Now): void {
  const { live, expired, expireMs } = table;
  for (const [key, entry] of live) {
    if (now.elapsedMs - entry.sinceMs <= expireMs) break;
    live.delete(key);
    expired.set(key, entry);
  }
  for (const [key, { sinceMs }] of expired) {
    if (now.elapsedMs - sinceMs <= 2 * expireMs) break;
    forget(table, key);
  }
}

function forget({ live, expired, byAuthor }: ChannelNewsTable, key: string): void {
  const author = (live.get(key) ?? expired.get(key))?.author;
  if (author === undefined) return;
  live.delete(key);
  expired.delete(key);
  const keys = byAuthor.get(author);
  keys?.delete(key);
  if (keys?.size === 0) byAuthor.delete(author);
}
