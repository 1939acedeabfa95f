/** The host of `host:port`, without the brackets of an IPv6 address; of anything else, all of it. */
export function hostOf(endpoint: string): string {
  const colon = endpoint.lastIndexOf(":");
  return (colon < 0 ? endpoint : endpoint.slice(0, colon)).replace(/^\[|\]$/g, "");
}
