/** One cause of failure, and what causes are said with. */
import { printableJson } from "../../lib/printable.ts";

/** One cause of failure. */
export interface KnownCause {
  /** Builds the message. Absent if the detail is already a sentence, from the network or the other side. */
  readonly say?: (detail: string, ours: string) => string;
  /** Absent if the detail contains the remedy, or if there is none. */
  readonly remedy?: string;
}

/** Behind a sentence, unless it is empty. */
export const inBrackets = (detail: string): string => (detail === "" ? "" : ` (${detail})`);

/** The same behind a colon. */
export const behind = (detail: string): string => (detail === "" ? "" : `: ${detail}`);

/** A name of the other side's, as it is: blanks in it may be what is wrong. */
export const name = (mspId: string): string => printableJson(mspId);

export const noMsp = (mspId: string): string => `no MSP we trust is named ${name(mspId)}`;
