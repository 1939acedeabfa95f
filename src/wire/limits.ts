/** Members in one response, items in one update, state infos in one snapshot. */
export const ENVELOPES_MAX = 10_000;
