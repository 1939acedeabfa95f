/** What changed between two models of a devnet, as sentences. Pure. */

const WORDS = { alive: "alive", dead: "dead", unknown: "unknown", none: "unknown" };

export function describeChanges(before, after) {
  const names = (model) => model.members.map(({ name }) => name).join();
  if (names(before) !== names(after)) return [{ text: "another network", level: "dull" }];
  return after.members.flatMap((member, column) => [
    ...describeProcess(before.members[column], member),
    ...describeOpinions(before, after, column),
  ]);
}

function describeProcess(old, { name, status, isAnswering, pid }) {
  if (old.status !== status) {
    const text = status === "stopped" ? `${name} stopped` : `${name} was started`;
    return [{ text, level: status === "stopped" ? "bad" : "dull" }];
  }
  if (status === "stopped") return [];
  if (old.pid !== pid) return [{ text: `${name} was started again`, level: "dull" }];
  if (old.isAnswering === isAnswering) return [];
  const text = isAnswering ? `${name} answers` : `${name} does not answer`;
  return [{ text, level: isAnswering ? "good" : "warn" }];
}

/** Observers whose view of one member changed, grouped by their new view. */
function describeOpinions(before, after, column) {
  const { name } = after.members[column];
  const groups = new Map();
  for (const [row, observer] of after.members.entries()) {
    const now = observer.relations[column];
    const then = before.members[row].relations[column];
    // The first answer of a member is not a change of its view.
    if (now === then || now === "none" || then === "none" || now === "self") continue;
    groups.set(now, [...(groups.get(now) ?? []), observer.name]);
  }
  const others = after.members.filter((other) => other.isAnswering && other.name !== name);
  return [...groups].map(([now, observers]) => {
    const who = observers.length === others.length ? "all others" : observers.join(", ");
    const text = `${name} is ${WORDS[now]} ${now === "unknown" ? "to" : "for"} ${who}`;
    return { text, level: { alive: "good", dead: "bad" }[now] ?? "dull" };
  });
}
