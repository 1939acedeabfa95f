/**
 * Loaded first in each test process: what one has compiled, the next ones read, and so do the
 * programs that tests start. Otherwise hundreds of processes spend most of their time with that. No
 * TypeScript: to load the compiler would take as long as all else.
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../node_modules/.cache/compiled");
process.env.NODE_COMPILE_CACHE ??= folder;
enableCompileCache(process.env.NODE_COMPILE_CACHE);
