/** Derives the page model from the devnet's answers. Pure: no DOM, clock or network. */

const LABELS = { alive: "alive", silent: "no answer", stopped: "stopped", dead: "dead" };

/** `views` and `connections` by member name; `groups`: the current partition; `channel`: null if none. */
export function devnetModel({ members, views: lists, connections, groups, channel = null }) {
  const views = byEndpoint(lists);
  const names = namesOf(members, lists);
  const described = members.map((member) => describe(member, members, views, groups));
  const links = linksBetween(connections, names, groups);
  for (const member of described) {
    member.connected = links.filter(({ from, to }) => [from, to].includes(member.key)).length;
  }
  const parts = { members: described, links, groups, names, channel };
  return { ...parts, summary: summary(described, groups) };
}

function endpointOf({ internalEndpoint, endpoint }) {
  return internalEndpoint || endpoint;
}

/** Of each observer, what it says by endpoint: a renewed member is there twice. */
function byEndpoint(lists) {
  return Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [name, Map.groupBy(list, endpointOf)]),
  );
}

/** How `view` sees the member at `endpoint`: self, alive, dead or unknown. */
function relation(view, endpoint) {
  const found = view.get(endpoint) ?? [];
  if (found.some((seen) => seen.self)) return "self";
  // A member with a new certificate is alive although its old one is dead.
  if (found.some((seen) => seen.status === "alive")) return "alive";
  return found.length > 0 ? "dead" : "unknown";
}

/** All views of a member: its own first, then by age, newest first. */
function sightingsOf(views, endpoint) {
  const newest = (a, b) =>
    a.self === b.self ? (a.lastSeen < b.lastSeen ? 1 : -1) : a.self ? -1 : 1;
  return Object.values(views)
    .flatMap((view) => view.get(endpoint) ?? [])
    .sort(newest);
}

/** PKI-ID to name; a renewed member has several. */
function namesOf(members, views) {
  const byEndpoint = new Map(members.map(({ endpoint, name }) => [endpoint, name]));
  const names = new Map();
  for (const seen of Object.values(views).flat()) {
    const name = byEndpoint.get(endpointOf(seen));
    if (name !== undefined) names.set(seen.pkiId, name);
  }
  return names;
}

function describe(member, members, views, groups) {
  const view = views[member.name];
  const relations = members.map(({ endpoint }) => (view ? relation(view, endpoint) : "none"));
  const opinions = members
    .filter(({ name }) => name !== member.name && views[name] !== undefined)
    .map(({ name }) => relation(views[name], member.endpoint));
  const seenBy = opinions.filter((opinion) => opinion === "alive").length;
  const sightings = sightingsOf(views, member.endpoint);
  const [best] = sightings;
  const heard = sightings.find((seen) => !seen.self);
  const state = stateOf(member, view !== undefined, seenBy, opinions.length);
  return {
    ...member,
    key: member.name,
    label: member.name.split(".")[0],
    organisation: member.mspId,
    address: member.endpoint,
    pkiId: best?.pkiId ?? null,
    expires: best?.identityExpires ?? null,
    since: best?.since ?? null,
    lastSeen: heard?.lastSeen ?? null,
    sequence: heard?.sequence ?? null,
    beat: heard === undefined ? "" : `${heard.incarnation} ${heard.sequence}`,
    self: false,
    state,
    stateText: LABELS[state] ?? `seen by ${seenBy} of ${opinions.length}`,
    isAnswering: view !== undefined,
    relations,
    seenBy,
    observers: opinions.length,
    sees: relations.filter((each) => each === "alive").length,
    group: groups.findIndex((group) => group.includes(member.name)),
  };
}

function stateOf({ status }, isAnswering, seenBy, observers) {
  if (status === "stopped") return observers > 0 && seenBy === 0 ? "dead" : "stopped";
  if (!isAnswering) return "silent";
  return seenBy === observers ? "alive" : "partial";
}

/** Each connected pair once. */
function linksBetween(connections, names, groups) {
  const groupOf = (name) => groups.findIndex((group) => group.includes(name));
  const pairs = new Map();
  for (const [name, list] of Object.entries(connections)) {
    for (const { pkiId } of list) {
      const other = names.get(pkiId);
      if (other === undefined || other === name) continue;
      const [from, to] = [name, other].sort();
      pairs.set(`${from} ${to}`, { from, to, isCut: groupOf(from) !== groupOf(to) });
    }
  }
  return [...pairs.values()];
}

function summary(members, groups) {
  const stopped = members.filter(({ status }) => status === "stopped").length;
  const answering = members.filter(({ isAnswering }) => isAnswering).length;
  const silent = members.length - stopped - answering;
  const parts = [`${answering} running`];
  if (silent > 0) parts.push(`${silent} no answer`);
  if (stopped > 0) parts.push(`${stopped} stopped`);
  const isFull = members.every(
    ({ isAnswering, sees }) => !isAnswering || sees === answering + silent - 1,
  );
  const view = isFull ? "all see each other" : "not all see each other";
  const text = `${parts.join(", ")}${answering > 1 ? `: ${view}` : ""}`;
  const isGood = isFull && parts.length === 1 && groups.length === 0;
  return { text, level: isGood ? "good" : "warn" };
}
