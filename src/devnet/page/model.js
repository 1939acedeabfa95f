/** From the answers of the devnet to what the page shows. Pure: no page, no clock, no network. */

/** How `view` sees the member at `endpoint`: self, alive, dead or unknown. */
function relation(view, endpoint) {
  const found = view.filter((seen) => (seen.internalEndpoint || seen.endpoint) === endpoint);
  if (found.some((seen) => seen.self)) return "self";
  // A member with a new certificate is alive although its old one is dead.
  if (found.some((seen) => seen.status === "alive")) return "alive";
  return found.length > 0 ? "dead" : "unknown";
}

/** The members with their state and relations, and the connections between them. */
export function createModel({ members }, views, connections) {
  const names = new Map(); // PKI-ID to name
  const expiries = new Map(); // endpoint to ISO date; what a member says of itself counts
  for (const view of Object.values(views)) {
    for (const seen of view) {
      const endpoint = seen.internalEndpoint || seen.endpoint;
      const member = members.find((each) => each.endpoint === endpoint);
      if (member !== undefined) names.set(seen.pkiId, member.name);
      if (seen.self || !expiries.has(endpoint)) expiries.set(endpoint, seen.identityExpires);
    }
  }
  const described = members.map((member) => {
    const view = views[member.name];
    const relations = members.map(({ endpoint }) => (view ? relation(view, endpoint) : "none"));
    const running = view ? "running" : "silent";
    return {
      ...member,
      state: member.status === "stopped" ? "stopped" : running,
      relations,
      sees: relations.filter((each) => each === "alive").length,
      expires: expiries.get(member.endpoint) ?? null,
    };
  });
  return { members: described, links: linksBetween(connections, names) };
}

/** Each connected pair once, as [name, name]. */
function linksBetween(connections, names) {
  const pairs = new Map();
  for (const [name, list] of Object.entries(connections)) {
    for (const { pkiId } of list) {
      const other = names.get(pkiId);
      if (other === undefined || other === name) continue;
      const pair = [name, other].sort();
      pairs.set(pair.join(" "), pair);
    }
  }
  return [...pairs.values()];
}

export const STATES = { running: "running", silent: "no answer", stopped: "stopped" };

/** What changed between two models, as sentences. */
export function describeChanges(before, after) {
  const sentences = [];
  for (const [column, member] of after.members.entries()) {
    const old = before.members[column];
    if (old?.name !== member.name) return [{ text: "another network", kind: "unknown" }];
    if (old.state !== member.state) {
      sentences.push({ text: `${member.name}: ${STATES[member.state]}`, kind: member.state });
    } else if (old.pid !== member.pid) {
      sentences.push({ text: `${member.name} was started again`, kind: member.state });
    }
    sentences.push(...describeOpinions(before, after, column));
  }
  return sentences;
}

/** Who thinks differently about one member now, grouped by what they think. */
function describeOpinions(before, after, column) {
  const groups = new Map();
  for (const [row, observer] of after.members.entries()) {
    const now = observer.relations[column];
    if (now === before.members[row].relations[column]) continue;
    // A member that has just begun to answer has not changed its mind.
    if (now === "none" || before.members[row].state !== "running") continue;
    groups.set(now, [...(groups.get(now) ?? []), observer.name]);
  }
  const answering = after.members.filter(({ state }) => state === "running").length;
  return [...groups].map(([now, names]) => {
    const others = answering - (after.members[column].state === "running" ? 1 : 0);
    const who = names.length === others ? "all others" : names.join(", ");
    return {
      text: `${after.members[column].name} is ${now} ${now === "unknown" ? "to" : "for"} ${who}`,
      kind: now,
    };
  });
}
