import { shown } from "./arguments.ts";

/** What a name of a channel has: at most 249 characters. */
export const CHANNEL_NAME = "lower-case letters, digits, dots and dashes, with a letter first";

export function isChannelName(text: string): boolean {
  return /^[a-z][a-z0-9.-]{0,248}$/.test(text);
}

/** Why no channel has this name, as a sentence; undefined: one may have it. */
export function channelNameFault(name: string): string | undefined {
  if (isChannelName(name)) return undefined;
  return `${shown(name)} is no name of a channel, which has ${CHANNEL_NAME}.`;
}
