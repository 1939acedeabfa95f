/** Findings for people: one line for what many contacts have in common. JSON has them one by one. */
import type { Finding } from "./finding.ts";

/** Contacts of one fault that are named, and up to which number each has its own line. */
const NAMED_MAX = 5;

/** Passes findings on; those about contacts wait for the others of their check. */
export async function* groupFindings(findings: AsyncIterable<Finding>): AsyncGenerator<Finding> {
  let alike = new Map<string, Finding[]>();
  let check: string | undefined;
  for await (const finding of findings) {
    if (finding.check !== check) {
      yield* flush(alike);
      alike = new Map();
    }
    check = finding.check;
    if (finding.about === undefined) {
      yield finding;
      continue;
    }
    const key = JSON.stringify([finding.status, restOf(finding), finding.remedy]);
    alike.set(key, [...(alike.get(key) ?? []), finding]);
  }
  yield* flush(alike);
}

function* flush(alike: ReadonlyMap<string, readonly Finding[]>): Generator<Finding> {
  for (const group of alike.values()) {
    const [first] = group;
    if (first === undefined || group.length <= NAMED_MAX) yield* group;
    else yield { ...first, message: `${named(group)}${restOf(first)}` };
  }
}

function named(group: readonly Finding[]): string {
  const names = group.slice(0, NAMED_MAX).map(({ about }) => about);
  return `${names.join(", ")} and ${group.length - NAMED_MAX} more`;
}

/** Without addresses: the system's words have that of each contact, "connect ECONNREFUSED 10.0.0.5:7051". */
function restOf({ message, about = "" }: Finding): string {
  return message.slice(about.length).replaceAll(/ \S+:\d+\b/g, "");
}
