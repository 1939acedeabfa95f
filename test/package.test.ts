/** The package as its users get it: packed, installed elsewhere without a network, used. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { owned } from "./children.ts";
import { until } from "./cli/program.ts";
import { freePort } from "./ports.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = [
  "package.json",
  "src",
  "simulation",
  "tsconfig.json",
  "tsconfig.build.json",
  "build.mjs",
  "README.md",
];
const run = promisify(execFile);

interface Manifest {
  readonly version: string;
  readonly files: readonly string[];
  readonly bin: object;
  readonly engines: object;
  readonly dependencies: Readonly<Record<string, string>>;
}
interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync(join(ROOT, "package-lock.json"), "utf8"),
);
/** What an installation brings along, directly or not, by its place in node_modules. */
const brought = Object.entries(lock.packages).filter(
  ([place, { dev, devOptional, optional }]) => place !== "" && !dev && !devOptional && !optional,
);

let folder: string;
let packed: readonly string[] = [];
/** Why nothing could be installed; undefined if it could. */
let obstacle: string | undefined;

/** A person with only this Node.js, and no repository around. */
const env = {
  PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
  HOME: process.env["HOME"],
  npm_config_cache: process.env["npm_config_cache"],
  npm_config_audit: "false",
  npm_config_fund: "false",
};

/** Builds and packs a copy, so that nothing of the repository is touched. */
async function pack(): Promise<void> {
  const source = join(folder, "source");
  mkdirSync(source);
  for (const name of [...SOURCES, ...manifest.files.filter((name) => !name.includes("dist"))]) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  cpSync(join(ROOT, "LICENSE"), join(source, "LICENSE"));
  symlinkSync(join(ROOT, "node_modules"), join(source, "node_modules"));
  const words = ["pack", "--json", "--pack-destination", folder];
  const { stdout } = await run("npm", words, { cwd: source, env, maxBuffer: 1 << 24 });
  const list = /^\[.*^\]/ms.exec(stdout)?.[0] ?? "[]"; // Scripts may print something before it.
  const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(list);
  packed = files.map(({ path }) => path);
}

/** As `npm install` of the package, with what npm has in its cache since this repository's own. */
async function install(): Promise<void> {
  const consumer = join(folder, "consumer");
  const { version, dependencies, bin, engines } = manifest;
  const resolved = `file:../fabric-gossip-${version}.tgz`;
  const own = { name: "consumer", version: "1.0.0", type: "module" };
  const root = { ...own, dependencies: { "fabric-gossip": resolved } };
  const packages = {
    "": root,
    "node_modules/fabric-gossip": { version, resolved, dependencies, bin, engines },
    ...Object.fromEntries(brought),
  };
  mkdirSync(consumer);
  writeFileSync(join(consumer, "package.json"), JSON.stringify(root));
  writeFileSync(
    join(consumer, "package-lock.json"),
    JSON.stringify({ ...own, lockfileVersion: 3, requires: true, packages }),
  );
  try {
    await run("npm", ["ci", "--offline"], { cwd: consumer, env });
  } catch (error) {
    if (!(error instanceof Error && /ENOTCACHED/.test(error.message))) throw error;
    obstacle = "npm's cache does not hold our dependencies: run npm ci once with a network";
  }
}

function needsInstallation(t: TestContext): string {
  if (obstacle !== undefined) t.skip(obstacle);
  return join(folder, "consumer");
}

describe("what npm pack makes", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fabric-gossip-package-"));
    await pack();
    await install();
  });

  after(() => rm(folder, { recursive: true, force: true }));

  describe("the package", () => {
    test("holds the program, the library, its types and its page, and no files of development", () => {
      for (const path of [
        "dist/src/cli/main.js",
        "dist/src/index.js",
        "dist/src/index.d.ts",
        "LICENSE",
      ]) {
        assert.ok(packed.includes(path), path);
      }
      const pages = packed.filter((path) => path.startsWith("dist/src/dashboard/"));
      assert.ok(pages.some((path) => path.endsWith(".html")));
      const foreign = packed.filter(
        (path) =>
          !/^(dist\/.*|package\.json|[A-Z-]+(\.zh|\.md)*)$/.test(path) ||
          /\.test\.|\/testing|(?<!\.d)\.ts$|\.map$/.test(path),
      );
      assert.deepEqual(foreign, []);
    });

    test("has the program in few files, and its threads beside those that start them", () => {
      const files = join(folder, "source");
      for (const entry of ["dist/src/cli/main.js", "dist/src/cli/devnet-member.js"]) {
        const imports = readFileSync(join(files, entry), "utf8").matchAll(
          /"(\.{1,2}\/[^"]+\.js)"/g,
        );
        const folders = new Set([...imports].map(([, path = ""]) => dirname(path)));
        assert.deepEqual([...folders], ["../chunks"], entry);
      }
      for (const thread of ["store-worker", "seed-worker"]) {
        const starters = packed.filter(
          (path) =>
            path.endsWith(".js") &&
            readFileSync(join(files, path), "utf8").includes(`./${thread}$`),
        );
        assert.ok(starters.length > 0, thread);
        for (const path of starters) {
          assert.ok(packed.includes(`${dirname(path)}/${thread}.js`), `${thread}, for ${path}`);
        }
      }
    });

    test("has a program that takes a byte of memory per character", () => {
      const files = join(folder, "source");
      const program = packed.filter((path) => /^dist\/src\/(chunks|cli)\/.*\.js$/.test(path));
      // One character beyond Latin-1, and V8 keeps the whole file in two bytes per character.
      const wide = program.filter((path) =>
        /[^\0-\xff]/.test(readFileSync(join(files, path), "utf8")),
      );
      assert.ok(program.length > 0);
      assert.deepEqual(wide, []);
    });

    test("looks at the version of Node.js before it loads what an older one lacks", () => {
      const main = readFileSync(join(folder, "source/dist/src/cli/main.js"), "utf8");
      assert.doesNotMatch(main, /^(import|export|\} from) /m);
      assert.match(main, /nodeProblem\(process\.versions\.node\);[\s\S]* import\("\.\.\/chunks\//);
    });

    test("names nothing of the machine it was made on", async () => {
      const files = join(folder, "source");
      const texts = packed.map((path) => readFileSync(join(files, path), "utf8"));
      assert.ok(!texts.some((text) => text.includes(folder) || text.includes(`${ROOT}/`)));
    });
  });

  describe("installed elsewhere", () => {
    test("the program runs by npx", async (t) => {
      const cwd = needsInstallation(t);
      if (obstacle) return;
      const { stdout } = await run("npx", ["--offline", "fabric-gossip", "version"], { cwd, env });
      assert.equal(stdout.trim(), manifest.version);
    });

    test("the simulator starts its threads, and the playground finds its files", async (t) => {
      const cwd = needsInstallation(t);
      if (obstacle) return;
      const program = join(cwd, "node_modules/.bin/fabric-gossip");
      const seeds = ["--seeds", "2", "--cores", "2", "--nodes", "5", "--minutes", "0.1"];
      const { stdout } = await run(program, ["simulate", ...seeds], { cwd, env });
      assert.match(stdout, /2 seeds: all is well/);
      await run(program, ["play", "--output", "site"], { cwd, env });
      assert.ok(existsSync(join(cwd, "site/index.html")));
    });

    test("the devnet serves its page, and its member comes up", async (t) => {
      const cwd = needsInstallation(t);
      if (obstacle) return;
      const port = await freePort();
      const program = join(cwd, "node_modules/.bin/fabric-gossip");
      const words = ["devnet", "--orgs", "1", "--peers", "1", "--base-port", String(port)];
      const child = owned(spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] }));
      t.after(() => child.kill("SIGKILL"));
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          output += chunk;
        });
      }
      await until("its member is up", () => /peer0\.org1 .*running/.test(output));
      const page = await fetch(`http://127.0.0.1:${port}/`);
      assert.match(await page.text(), /<html/);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      assert.equal(await ended, 0);
    });

    test("a TypeScript program finds the types; so does all the code in the guides", (t) => {
      const cwd = needsInstallation(t);
      if (obstacle) return;
      const programs = ["README.md", "README.zh.md", "docs/library.md"].flatMap(programsIn);
      assert.ok(programs.length >= 5, `${programs.length} programs`);
      const files = programs.map((_, i) => `program-${i}.ts`);
      for (const [i, program] of programs.entries()) {
        writeFileSync(join(cwd, `program-${i}.ts`), program);
      }
      for (const options of [STRICT, { ...STRICT, ...BUNDLED }]) {
        const settings = { compilerOptions: options, files };
        writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify(settings));
        const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
        const words = [tsc, "-p", cwd, "--typeRoots", join(ROOT, "node_modules/@types")];
        assert.equal(execFileSync(process.execPath, words, { encoding: "utf8" }), "");
      }
    });
  });
});

/** A consumer may be as strict as we are, and may check our declarations too. */
const STRICT = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
};

/** As those have it whose program goes through a bundler. */
const BUNDLED = { module: "esnext", moduleResolution: "bundler" };

/** The TypeScript in a document. What does not start a node goes on with the one started before. */
function programsIn(document: string): readonly string[] {
  const path = join(ROOT, document);
  if (!existsSync(path)) return [];
  const blocks = [...readFileSync(path, "utf8").matchAll(/^```ts\n(.*?)^```$/gms)];
  return blocks.map(([, code = ""]) => {
    const isWhole = /^import .* from "fabric-gossip"/m.test(code);
    const before = 'import { GossipNode, loadConfig, loadMsp } from "fabric-gossip";\n';
    return isWhole ? code : `${before}declare const node: GossipNode;\n${code}`;
  });
}

describe("a clone", () => {
  let clone: string;

  /** What a checkout holds that an installation needs; nothing is downloaded. */
  before(async () => {
    clone = await mkdtemp(join(tmpdir(), "fabric-gossip-clone-"));
    for (const name of [...SOURCES, "package-lock.json"]) {
      cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    }
  });

  after(() => rm(clone, { recursive: true, force: true }));

  test("is compiled by the script that npm ci runs, so that npx runs the program", async () => {
    symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
    await run("npm", ["run", "prepare"], { cwd: clone, env });
    const { stdout } = await run("npx", ["--offline", "fabric-gossip", "version"], {
      cwd: clone,
      env: { ...env, npm_config_cache: join(clone, "cache") },
    });
    assert.equal(stdout.trim(), manifest.version);
  });

  test("compiled anew after its output was removed, it still runs by npx", async () => {
    await rm(join(clone, "dist"), { recursive: true });
    await run("npm", ["run", "build"], { cwd: clone, env });
    const { stdout } = await run("npx", ["--offline", "fabric-gossip", "version"], {
      cwd: clone,
      env: { ...env, npm_config_cache: join(clone, "cache") },
    });
    assert.equal(stdout.trim(), manifest.version);
  });

  test("npm start runs what was edited last", async () => {
    const file = join(clone, "src/cli/devnet.ts");
    const edited = readFileSync(file, "utf8").replace("dashboard:", "edited dashboard:");
    writeFileSync(file, edited);
    const port = await freePort();
    const words = ["start", "--", "--orgs", "1", "--peers", "1", "--base-port", String(port)];
    const child = spawn("npm", words, { cwd: clone, env, detached: true });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    try {
      await until("it says so", () => /edited dashboard:/.test(output));
    } finally {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      await ended;
    }
  });

  test("without what is for development gets no compiler, and no error", async (t) => {
    await rm(join(clone, "node_modules"));
    try {
      await run("npm", ["ci", "--omit=dev", "--offline"], { cwd: clone, env });
    } catch (error) {
      if (!(error instanceof Error && /ENOTCACHED/.test(error.message))) throw error;
      t.skip("npm's cache does not hold our dependencies: run npm ci once with a network");
      return;
    }
    const installed = globSync("node_modules/{*,@*/*}/package.json", { cwd: clone });
    const names = installed.map((path) => dirname(path).replace("node_modules/", ""));
    const want = brought.map(([place]) => place.replace("node_modules/", ""));
    assert.deepEqual(names.toSorted(), want.toSorted());
  });
});

describe("package-lock.json", () => {
  test("has nothing optional that an installation without development brings", () => {
    const optional = Object.entries(lock.packages).filter(
      ([, { dev, optional, devOptional }]) => !dev && (optional || devOptional),
    );
    assert.deepEqual(
      optional.map(([place]) => place),
      [],
    );
  });
});

describe("THIRD-PARTY.md", () => {
  const text = readFileSync(join(ROOT, "THIRD-PARTY.md"), "utf8");

  test("names every package that an installation brings, with its version and licence", () => {
    const rows = [...text.matchAll(/^\| `([^`]+)` \| (\S+) \| (\S+) \|/gm)];
    const stated = rows.map(([, name, version, license]) => `${name} ${version} ${license}`);
    const want = brought.map(([place, { version, license }]) => {
      return `${place.replace("node_modules/", "")} ${version} ${license}`;
    });
    assert.deepEqual(stated, want);
  });

  test("has licences only under which the package may be used with ours", () => {
    const licenses = new Set(brought.map(([, { license }]) => license));
    assert.deepEqual([...licenses].sort(), ["BSD-3-Clause", "ISC", "MIT"]);
  });
});
