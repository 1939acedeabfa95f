/**
 * Counts the source files that one message touches, from the socket to the neighbours. Precise
 * coverage shows which functions ran between two moments.
 */
import { Session } from "node:inspector/promises";
import { join, relative, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { GossipNode, loadConfig } from "../src/index.ts";
import { encodeUnsigned } from "../src/wire/envelope.ts";
import { type GossipMessageInit, PULL_TYPE, TAG } from "../src/wire/messages.ts";
import { freePorts } from "../test/ports.ts";
import { FakeMembers } from "./fake-members.ts";
import { aliveOf, type Fixtures, folderOf, MSP_ID, makeFixtures } from "./fixture-identities.ts";
import { inTemporaryFolder, waitFor } from "./measure.ts";
import { tlsOf } from "./tls.ts";

export interface FilesResult {
  readonly kind: string;
  readonly core: number;
  readonly all: number;
  readonly files: readonly string[];
}

type ContentInit = NonNullable<GossipMessageInit["content"]>;

const SRC = join(import.meta.dirname, "../src");
const MEMBERS = 6;
/** A file counts if it ran each time, which excludes occasional timers. */
const TIMES = 12;
const WINDOW_MS = 120;
const SETTLE_MS = 12_000;

export async function countFiles(): Promise<readonly FilesResult[]> {
  return inTemporaryFolder(async (folder) => {
    const fixtures = await makeFixtures(folder, MEMBERS, await freePorts(MEMBERS));
    const fakes = new FakeMembers(fixtures, await tlsOf(fixtures), 0);
    await fakes.listen();
    const node = await startFirst(fixtures);
    try {
      await waitFor(() => node.members().length === MEMBERS && fakes.connections > 1, 30_000);
      await sleep(SETTLE_MS);
      return await measureAll(fixtures, fakes);
    } finally {
      await node.close();
      await fakes.close();
    }
  });
}

async function startFirst(fixtures: Fixtures): Promise<GossipNode> {
  const folder = folderOf(fixtures, 0);
  const [first, second] = fixtures.all;
  return GossipNode.start(
    await loadConfig({
      env: {},
      overrides: [
        "peer.id=peer0",
        `peer.localMspId=${MSP_ID}`,
        `peer.mspConfigPath=${join(folder, "msp")}`,
        `peer.address=${first?.endpoint}`,
        `peer.listenAddress=${first?.endpoint}`,
        "peer.tls.enabled=true",
        `peer.tls.cert.file=${join(folder, "tls/server.crt")}`,
        `peer.tls.key.file=${join(folder, "tls/server.key")}`,
        `peer.tls.rootcert.file=${join(folder, "tls/ca.crt")}`,
        `peer.gossip.externalEndpoint=${first?.endpoint}`,
        `peer.gossip.bootstrap=${second?.endpoint}`,
      ],
    }),
  );
}

async function measureAll(fixtures: Fixtures, fakes: FakeMembers): Promise<readonly FilesResult[]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  const author = fixtures.all.at(-1);
  if (author === undefined) throw new RangeError("there is nobody to speak");
  let sequence = 1_000n;
  const alive = (): Uint8Array => {
    sequence += 1n;
    return aliveOf(author, sequence).bytes;
  };
  const hello = { type: "hello", value: { nonce: 77n, msgType: PULL_TYPE.identity } } as const;
  const response = (): ContentInit => ({
    type: "membership-response",
    value: { alive: [alive()], dead: [] },
  });
  const makers: readonly (readonly [string, () => Uint8Array])[] = [
    ["alive message", alive],
    ["membership response", () => unsigned(response())],
    ["identity pull: hello", () => unsigned(hello)],
  ];
  const results: FilesResult[] = [];
  for (const [kind, make] of makers) {
    const files = await filesOf(session, fakes, make);
    const core = files.filter((file) => file.startsWith(`core${sep}`)).length;
    results.push({ kind, core, all: files.length, files });
  }
  session.disconnect();
  return results;
}

function unsigned(content: ContentInit): Uint8Array {
  return encodeUnsigned({ tag: TAG.empty, content });
}

/** Files that ran for every message of this kind. */
async function filesOf(
  session: Session,
  fakes: FakeMembers,
  make: () => Uint8Array,
): Promise<readonly string[]> {
  let common: Set<string> | undefined;
  for (let time = 0; time < TIMES; time++) {
    const bytes = make();
    await takeFiles(session);
    fakes.links[time % fakes.links.length]?.send(bytes);
    await sleep(WINDOW_MS);
    const files = await takeFiles(session);
    const first: ReadonlySet<string> = common ?? new Set(files);
    common = new Set(files.filter((file) => first.has(file)));
  }
  return [...(common ?? [])].toSorted();
}

/** The files of `src` in which a function was called since the last call. */
async function takeFiles(session: Session): Promise<readonly string[]> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  return result
    .filter(({ url }) => url.startsWith("file:"))
    .map(({ url, functions }) => ({ path: relative(SRC, fileURLToPath(url)), functions }))
    .filter(({ path }) => !path.startsWith(".."))
    .filter(({ functions }) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
    .map(({ path }) => path);
}
