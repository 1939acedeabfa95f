/** Derives the page of a channel from a member's answers. Pure: no DOM, clock or network. */
import { age, clip, count, countdown, duration, visible } from "./format.js";

const ORDER = new Intl.Collator("en", { numeric: true });
const NAME_MAX = 253;

/** `nameOf(pkiId)`: what the rest of the page calls a member, if it knows it. */
export function channelModel(view, nameOf, nowMs) {
  const members = view.members.map((member) => describe(member, nameOf, view.problems));
  members.sort(
    (a, b) => ORDER.compare(a.organisation, b.organisation) || ORDER.compare(a.name, b.name),
  );
  const present = members.filter(({ leftChannel }) => !leftChannel);
  return {
    ...view,
    members,
    top: topOf(view, present),
    tiles: tilesOf(view, present, nowMs),
    chaincodes: chaincodesOf(view.organisations, present),
  };
}

function describe(member, nameOf, problems) {
  const { pkiId, mspId, subject, endpoint, behind, lagMs } = member;
  const common = /(?:^|,)CN=([^,]*)/.exec(subject)?.[1];
  const wrong = problems.filter((problem) => problem.pkiId === pkiId);
  const { state, stateText } = stateOf(member, wrong);
  return {
    ...member,
    key: pkiId,
    name: clip(visible(nameOf(pkiId) ?? (endpoint || common || pkiId.slice(0, 16))), NAME_MAX),
    organisation: mspId,
    address: clip(visible(endpoint ?? ""), NAME_MAX),
    state,
    stateText,
    wrong: wrong.map(({ reason }) => reason).join(" "),
    lag: behind === "0" ? -1 : (lagMs ?? 0),
    lines: member.chaincodes.map(({ name, sequence }) => `${name} ${sequence}`).join(", "),
  };
}

function stateOf({ leftChannel, lagging, status, behind, self }, wrong) {
  if (leftChannel) return { state: "unknown", stateText: "left" };
  if (status === "dead") return { state: "dead", stateText: "dead" };
  if (lagging) return { state: "dead", stateText: "lagging" };
  if (wrong.length > 0) return { state: "quiet", stateText: "problem" };
  if (behind !== "0") return { state: "quiet", stateText: "behind" };
  return { state: "alive", stateText: self ? "this member" : "up to date" };
}

/** The height that one member alone cannot move: proven, or claimed by two. */
function topOf({ height }, members) {
  const heights = members.map((member) => Number(member.height)).sort((a, b) => b - a);
  return Math.max(Number(height), heights[1] ?? 0);
}

/** `[label, value, detail, level]` */
function tilesOf(view, members, nowMs) {
  const { height, configSequence, role, blocks } = view;
  const lagging = members.filter(({ lagging }) => lagging).length;
  const behind = members.filter((member) => member.behind !== "0");
  const [worst] = behind.toSorted((a, b) => Number(BigInt(b.behind) - BigInt(a.behind)));
  const committed = members
    .map(({ committedAt }) => committedAt)
    .sort()
    .at(-1);
  const most = worst && `${number(worst.behind)} ${worst.behind === "1" ? "block" : "blocks"}`;
  return [
    ["Height", number(height), committed ? `last commit ${age(committed, nowMs)} ago` : "", ""],
    ["Peers", String(members.length), `${members.length - behind.length} up to date`, ""],
    [
      "Most behind",
      most ?? "nobody",
      worst ? `${worst.name}${worst.lagMs === null ? "" : `, for ${duration(worst.lagMs)}`}` : "",
      lagging > 0 ? "bad" : "",
    ],
    [
      "Lagging",
      String(lagging),
      lagging > 0 ? "beyond the limits" : "",
      lagging > 0 ? "bad" : "good",
    ],
    [
      "Configuration",
      configSequence ?? "unknown",
      configSequence === null ? "asked for" : count(view.organisations.length, "organisation"),
      "",
    ],
    ["This member", role ?? "reader", BLOCKS[blocks] ?? "", ""],
  ];
}

const BLOCKS = { none: "heights only", verify: "verifies blocks", keep: "keeps blocks" };

/** With separators, of whatever length. */
export function number(text) {
  return BigInt(text).toLocaleString("en-GB");
}

/** A row for each chaincode, a cell for each organisation: `{text, level, title}`. */
function chaincodesOf(organisations, members) {
  const names = [
    ...new Set(members.flatMap(({ chaincodes }) => chaincodes.map(({ name }) => name))),
  ];
  const all = organisations.map(({ mspId }) => mspId);
  const rows = names.sort(ORDER.compare).map((name) => {
    const newest = newestOf(name, members);
    return {
      name,
      cells: all.map((mspId) =>
        cellOf(
          name,
          newest,
          members.filter((one) => one.mspId === mspId),
        ),
      ),
    };
  });
  return { organisations: all, rows };
}

function sequenceOf(name, { chaincodes }) {
  return chaincodes.find((one) => one.name === name)?.sequence;
}

function newestOf(name, members) {
  return members
    .map((member) => sequenceOf(name, member) ?? "")
    .sort(ORDER.compare)
    .at(-1);
}

function cellOf(name, newest, members) {
  if (members.length === 0) return { text: "no peer", level: "dull", title: "" };
  const current = members.filter((member) => sequenceOf(name, member) === newest);
  const others = members.filter((member) => !current.includes(member));
  const has = current.length === members.length ? "all" : `${current.length} of ${members.length}`;
  const older = others.map((member) => `${member.name}: ${sequenceOf(name, member) ?? "none"}`);
  if (current.length === 0) {
    const sequence = newestOf(name, members);
    const text = sequence ? `${sequence} (not ${newest})` : "none";
    return { text, level: sequence ? "bad" : "dull", title: older.join("\n") };
  }
  const level = others.length > 0 ? "warn" : "good";
  return { text: `${newest} on ${has}`, level, title: older.join("\n") };
}

/** `[label, text, level, title]` of one peer. */
export function channelFacts(member, nowMs) {
  const { behind, lagMs, committedAt, loadedAt, subject } = member;
  const late = behind === "0" ? "" : member.lagging ? "bad" : "warn";
  return [
    ...(member.wrong === "" ? [] : [["Problem", member.wrong, "warn"]]),
    ["Organisation", member.organisation],
    ["Endpoint", member.address || "none known"],
    ["Height", number(member.height)],
    [
      "Behind",
      behind === "0"
        ? "nothing"
        : count(number(behind), "block", behind === "1" ? "block" : "blocks"),
      late,
    ],
    ["Behind for", lagMs === null ? "–" : duration(lagMs), late],
    ["Last commit", `${age(committedAt, nowMs)} ago`],
    ["Channel loaded", `${age(loadedAt, nowMs)} ago`],
    ["Chaincodes", member.lines || "none"],
    ["Certificate", subject || "unknown"],
    ["PKI-ID", member.pkiId.slice(0, 16), "code", member.pkiId],
  ];
}

/** What a configuration says, as `[label, text, level]`. */
export function configFacts({ sequence, blockNumber, orderers, capabilities, trust }) {
  const { batch, type, consenters, isInMaintenance } = orderers;
  const facts = [
    ["In force", `${number(sequence)}, of block ${number(blockNumber)}`],
    [
      "Ordering",
      `${type ?? "unknown"}, ${count(consenters.length, "consenter")}${isInMaintenance ? ", in maintenance" : ""}`,
    ],
    [
      "Capabilities",
      Object.entries(capabilities)
        .map(([part, names]) => `${part} ${names.join(" ") || "none"}`)
        .join(", "),
    ],
  ];
  if (batch !== null)
    facts.push([
      "A block has",
      `at most ${count(batch.messagesMax, "transaction")}, or those of ${batch.timeout}`,
    ]);
  return [...facts, ["Rests on", trust]];
}

/** A row for each organisation: `{name, anchors, ends, level, revoked}`. */
export function configRows({ organisations, orderers }, nowMs) {
  const ordering = orderers.organisations.map((one) => ({ ...one, isOrdering: true }));
  return [...organisations, ...ordering].map((one) => {
    const [first] = one.certificates.map(({ notAfter }) => notAfter).sort();
    const { text, level } = countdown(first, nowMs);
    const places = one.isOrdering ? one.endpoints : one.anchors;
    return {
      name: one.mspId,
      role: one.isOrdering ? "orderers" : "peers",
      places: places.join(" ") || "none",
      ends: text,
      level: level === "plain" ? "" : level,
      revoked: one.revoked.length === 0 ? "none" : count(one.revoked.length, "certificate"),
    };
  });
}

/** Fabric's names of what is often wrong with a transaction. */
const CODES = {
  2: "bad payload",
  3: "bad common header",
  4: "bad creator signature",
  5: "invalid endorser transaction",
  9: "duplicate transaction",
  10: "endorsement policy failure",
  11: "MVCC read conflict",
  12: "phantom read conflict",
  18: "bad response payload",
  19: "bad rwset",
  22: "expired chaincode",
  23: "chaincode version conflict",
  255: "not validated",
};

/** What became of the transactions of a block: `{text, level}`. */
export function validationOf({ validationCodes: codes, agreement }) {
  const [conflict] = agreement.conflicts;
  if (conflict !== undefined) return { text: conflict, level: "bad" };
  if (codes.length === 0 || codes.every((code) => code === 255))
    return { text: "not known", level: "soft" };
  const bad = codes.filter((code) => code !== 0);
  if (bad.length === 0) return { text: codes.length === 1 ? "valid" : "all valid", level: "good" };
  const kinds = [...new Set(bad)].map((code) => CODES[code] ?? `code ${code}`);
  return { text: `${bad.length} of ${codes.length} invalid: ${kinds.join(", ")}`, level: "warn" };
}
