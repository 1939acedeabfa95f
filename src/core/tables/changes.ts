/** Who has come, gone or changed lately, so that nobody has to look at everybody to find out. */
import type { PkiId } from "../types/host.ts";

export interface Changes {
  /** Grows by one with each change that may matter for the choice of neighbours. */
  version: number;
  /** Whom the last changes concerned: at the place of each version, modulo {@link CHANGES_MAX}. */
  readonly changes: PkiId[];
}

export const CHANGES_MAX = 128;

export function noteChange(changes: Changes, pkiId: PkiId): void {
  changes.changes[changes.version % CHANGES_MAX] = pkiId;
  changes.version += 1;
}

/** Whom the changes since this version concerned; undefined: there were more than are remembered. */
export function changedSince(
  { changes, version }: Changes,
  since: number,
): readonly PkiId[] | undefined {
  if (since < 0 || version - since > CHANGES_MAX) return undefined;
  const found: PkiId[] = [];
  for (let at = since; at < version; at++) {
    const pkiId = changes[at % CHANGES_MAX];
    if (pkiId !== undefined) found.push(pkiId);
  }
  return found;
}
