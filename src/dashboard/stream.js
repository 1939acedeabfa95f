/** Server-sent events over fetch, which unlike EventSource can resume from a given id. */

const RETRY_MS = 1_000;

/**
 * Reads events until the signal aborts; reconnects when the stream breaks.
 * `onEvent(type, value)`, `onOpen()`, `onLost(reason)`; `after`: the id of the event to go on from.
 * @param {string} url
 * @param {{ signal: AbortSignal, onEvent: any, onOpen: any, onLost: any, after?: string }} options
 */
export async function readStream(url, { signal, onEvent, onOpen, onLost, after }) {
  let lastId = after;
  while (!signal.aborted) {
    try {
      const headers = lastId === undefined ? {} : { "last-event-id": lastId };
      const response = await fetch(url, { signal, headers });
      if (!response.ok) throw new Error((await response.json()).error);
      onOpen();
      for await (const { id, type, data } of eventsIn(response.body)) {
        lastId = id ?? lastId;
        onEvent(type, JSON.parse(data));
      }
      throw new Error("the stream ended");
    } catch (error) {
      if (signal.aborted) return;
      onLost(error.message);
    }
    await pause(signal);
  }
}

function pause(signal) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    })
  );
}

async function* eventsIn(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map(fieldOf));
      if (fields.data !== undefined) yield { ...fields, type: fields.event ?? "message" };
    }
  }
}

function fieldOf(line) {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}
