/** What is pure without any state. */
import { runTogether } from "./together.ts";

await runTogether("rules");
