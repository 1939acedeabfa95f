/** On a Node.js that is too old the program would break somewhere later, with a stack for an answer. */

/** Of package.json's `engines`. */
const OLDEST = { major: 22, minor: 18 } as const;

/** One sentence if this version of Node.js cannot run the program. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
  if (isEnough) return undefined;
  return (
    `fabric-gossip needs Node.js ${OLDEST.major}.${OLDEST.minor} or newer, and this is ${version}: install a ` +
    "newer one, or run it with one that npx fetches: npx -p node@24 -p fabric-gossip fabric-gossip VERB."
  );
}
