/**
 * The second half of `npm run build`, into `dist` or the folder named. The compiler has written the
 * library and the playground there, a file per source; here come the pages, and the program in few
 * files, as Node loads those in two thirds of the time.
 */
import { chmodSync, cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const [dist = "dist"] = process.argv.slice(2);

for (const page of ["src/dashboard", "src/play/page"]) {
  cpSync(page, join(dist, page), { recursive: true });
}

rmSync(join(dist, "src/chunks"), { recursive: true, force: true });
await build({
  // Each of these is started by its path, threads by one beside the chunk that starts them.
  entryPoints: {
    "cli/main": "src/cli/main.ts",
    "cli/devnet-member": "src/cli/devnet-member.ts",
    "chunks/store-worker": "src/following/store/store-worker.ts",
    "chunks/seed-worker": "simulation/many/seed-worker.ts",
  },
  outdir: join(dist, "src"),
  // As deep as the folders of the sources: paths such as `../dashboard/` stay true.
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true, // A verb loads only what it needs.
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node22.18",
  logLevel: "warning",
});
chmodSync(join(dist, "src/cli/main.js"), 0o755);
