/** The places of those who are connected: one for each certificate, and a fair share. */
import type { Fault } from "../core/types/event.ts";
import type { Identity, PkiId } from "../core/types/host.ts";
import { refusalWords } from "./handshake-fault.ts";
import type { Peer } from "./peer.ts";

interface PlacesOptions {
  /** Those with a place, or being dialled. */
  readonly peers: ReadonlyMap<PkiId, Peer>;
  readonly max: number;
  /** Ends the connection of somebody who gives up his place. */
  readonly leave: (pkiId: PkiId, why: Fault) => void;
}

export class Places {
  readonly #options: PlacesOptions;
  /** Under which PKI-ID each certificate is connected. */
  readonly #names = new Map<string, PkiId>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Whether there is a place for a newcomer, or somebody leaves for it: see {@link whoLeaves}. */
  find(newcomer: Identity, silentSinceMs: number): boolean {
    const { leave, max, peers } = this.#options;
    this.#leaveOther(newcomer);
    if (peers.size < max) return true;
    const leaving = whoLeaves(peers.values(), newcomer.mspId, silentSinceMs);
    if (leaving !== undefined) leave(leaving, { code: "place-needed", detail: "" });
    return leaving !== undefined;
  }

  /** What to tell somebody who only asks who is there: that a connection would find no place. */
  refusalFor(asker: Identity, silentSinceMs: number): string | undefined {
    const { max, peers } = this.#options;
    if (peers.size < max || peers.has(asker.pkiId)) return undefined;
    const leaving = whoLeaves(peers.values(), asker.mspId, silentSinceMs);
    return leaving === undefined ? refusalWords("connections-full") : undefined;
  }

  /** A peer is connected: under no other PKI-ID any more. */
  take(peer: Peer, identity: Identity): void {
    this.#leaveOther(identity);
    this.#names.set(identity.certificate, identity.pkiId);
    peer.identity = identity;
  }

  /** A peer is not connected any more. */
  release({ identity, pkiId }: Peer): void {
    if (identity === undefined || this.#names.get(identity.certificate) !== pkiId) return;
    this.#names.delete(identity.certificate);
  }

  #leaveOther({ certificate, pkiId }: Identity): void {
    const other = this.#names.get(certificate);
    if (other === undefined || other === pkiId) return;
    this.#options.leave(other, { code: "certificate-elsewhere", detail: "" });
  }
}

/**
 * Organisations share the places fairly: of the one that has most, whoever has been silent for
 * longest. Within its own organisation a newcomer takes the place of somebody only who has been
 * silent since `silentSinceMs`. Undefined: nobody leaves.
 */
function whoLeaves(peers: Iterable<Peer>, mspId: string, silentSinceMs: number): PkiId | undefined {
  const connected = byOrganisation(peers);
  let [largest, most] = [mspId, connected.get(mspId)?.length ?? 0];
  for (const [other, { length }] of connected) {
    if (length > most + 1) [largest, most] = [other, length];
  }
  const [longest] = (connected.get(largest) ?? []).sort((a, b) => activeMsOf(a) - activeMsOf(b));
  if (longest === undefined) return undefined;
  return largest === mspId && activeMsOf(longest) > silentSinceMs ? undefined : longest.pkiId;
}

function byOrganisation(peers: Iterable<Peer>): Map<string, Peer[]> {
  const connected = new Map<string, Peer[]>();
  for (const peer of peers) {
    if (peer.identity === undefined || !peer.isConnected) continue;
    const { mspId } = peer.identity;
    const others = connected.get(mspId);
    if (others) others.push(peer);
    else connected.set(mspId, [peer]);
  }
  return connected;
}

function activeMsOf({ activeMs }: Peer): number {
  return activeMs ?? Number.POSITIVE_INFINITY;
}
