/** One message or timer each. */
import { runTogether } from "./together.ts";

await runTogether("handlers");
