/** Our command line, which asks a member of ours. */
import { MAIN } from "../main-program.ts";
import { runToEnd, start } from "./program.ts";
import type { Workspace } from "./workspace.ts";

export function ask({ folder }: Workspace, url: string, ...words: readonly string[]) {
  const all = [MAIN, ...words, "--url", url];
  return runToEnd({ program: process.execPath, arguments: all, environment: {}, folder });
}

/** `events`; what it has shown of blocks and configurations by then is returned by `stop`. */
export function watchEvents({ folder }: Workspace, url: string) {
  const words = [MAIN, "events", "--json", "--url", url];
  const command = { program: process.execPath, arguments: words, environment: {}, folder };
  const running = start(command);
  return {
    async stop(): Promise<readonly string[]> {
      await running.stop("SIGTERM");
      const events = running.log().map(({ text }) => JSON.parse(text));
      return events.flatMap(({ type, number, block }) =>
        ["block", "channel-config-changed"].includes(type)
          ? `${type} ${number ?? block.number}`
          : [],
      );
    },
  };
}
