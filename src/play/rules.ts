/** The rules that members of the playground follow, as options of the core. */
import { type CoreOptions, DEFAULT_FANOUT } from "../core/types/options.ts";
import type { Rules } from "./settings.ts";

export function rulesOf(rules: Rules): Pick<CoreOptions, "fanout" | "beyondFabric"> {
  const isFabric = rules === "fabric";
  return {
    fanout: { ...DEFAULT_FANOUT, strategy: isFabric ? "random" : "neighbours" },
    beyondFabric: { asksAtOnce: !isFabric, confirmsDeath: !isFabric },
  };
}
