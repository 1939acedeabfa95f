/** Whole cores in virtual time. */
import { runTogether } from "./together.ts";

await runTogether();
