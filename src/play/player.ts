/** A member of the playground, and the observer of its actions. */
import type { Issued } from "../../simulation/authority.ts";
import type { Seat } from "../../simulation/layout.ts";
import type { Process } from "../../simulation/process.ts";
import type { Effect } from "../core/types/effect.ts";
import type { PkiId } from "../core/types/host.ts";
import type { EventContent } from "../observe/events.ts";
import type { PlayedMember } from "./played-member.ts";

/** A member with its process while it runs. */
export interface Player extends Seat {
  readonly index: number;
  issued: Issued;
  /** Revoked certificates that it knows, and since when. */
  readonly revoked: Map<PkiId, number>;
  life: { readonly process: Process; readonly member: PlayedMember } | undefined;
  skewMs: number;
  lastIncarnation: bigint;
}

/** Observes events as they happen. */
export interface Listener {
  /** A message leaves for an endpoint. */
  sent(from: Player, to: Player, bytes: Uint8Array): void;
  /** A message is about to be handed over. */
  delivered(from: Player, to: Player, bytes: Uint8Array): void;
  effect(player: Player, effect: Effect): void;
  event(player: Player, event: EventContent): void;
  /** Its process has started or ended. */
  changed(player: Player): void;
}
