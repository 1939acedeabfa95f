/** Tables with their mutators. */
import { runTogether } from "./together.ts";

await runTogether("tables");
