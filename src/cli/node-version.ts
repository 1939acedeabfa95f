/** Rejects an unsupported Node.js early, before the program fails with a stack trace. */

/** Minimum version, as in `engines` of package.json. */
const OLDEST = { major: 22, minor: 18 } as const;

/** An error sentence if this Node.js version cannot run the program. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
  if (isEnough) return undefined;
  return (
    `fabric-gossip needs Node.js ${OLDEST.major}.${OLDEST.minor} or newer; this is ${version}: install a ` +
    "newer one, or run it with one that npx fetches: npx -p node@24 -p fabric-gossip fabric-gossip VERB."
  );
}
