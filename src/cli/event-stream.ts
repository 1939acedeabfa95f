/** Reads server-sent events. */

export interface ServerEvent {
  /** Undefined if the event has none. */
  readonly id: string | undefined;
  /** Defaults to `message`. */
  readonly type: string;
  readonly data: string;
}

/** Maximum line length; nodes never send longer lines. */
const LINE_LENGTH_MAX = 1_048_576;

/** Parses events from a text stream; skips comments and unknown fields. */
export async function* readServerEvents(
  chunks: AsyncIterable<string>,
): AsyncGenerator<ServerEvent, undefined> {
  let rest = "";
  let fields = new Map<string, string>();
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > LINE_LENGTH_MAX) return undefined;
    for (const line of lines) {
      if (line !== "") {
        addField(fields, line);
        continue;
      }
      const data = fields.get("data");
      const type = fields.get("event") ?? "message";
      if (data !== undefined) yield { id: fields.get("id"), type, data };
      fields = new Map();
    }
  }
  return undefined;
}

function addField(fields: Map<string, string>, line: string): void {
  const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
  const before = fields.get(name);
  fields.set(name, name === "data" && before !== undefined ? `${before}\n${value}` : value);
}
