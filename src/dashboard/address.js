/** What the page shows, kept in the query of its address: it survives a reload and can be sent to others. */

export function readAddress(key) {
  return new URLSearchParams(location.search).get(key) ?? "";
}

/** Empty values are left out. */
export function writeAddress(values) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(values)) {
    if (value === "") query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  const search = text === "" ? "" : `?${text}`;
  history.replaceState(null, "", `${location.pathname}${search}${location.hash}`);
}
