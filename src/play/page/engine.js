/** The worker that runs the network. What is asked before it runs, waits. */

const FILE = "src/play/worker.js";

/** `hear` gets its answers. Returns a function that asks it. */
export function startEngine(hear) {
  const waiting = [];
  /** @type {{ worker: Worker | undefined }} */
  const engine = { worker: undefined };
  const begin = (url) => {
    const worker = new Worker(url);
    worker.addEventListener("message", ({ data }) => hear(data));
    for (const request of waiting) worker.postMessage(request);
    engine.worker = worker;
  };
  const url = new URL(FILE, document.baseURI).href;
  if (location.protocol === "file:") beginFromDisk(url, begin);
  else begin(url);
  return (request) => {
    if (engine.worker === undefined) waiting.push(request);
    else engine.worker.postMessage(request);
  };
}

/** Browsers load no worker from disk, but a script, which then gives its own text. */
function beginFromDisk(url, begin) {
  const script = document.createElement("script");
  script.src = url;
  script.addEventListener("load", () => {
    const blob = new Blob([`(${globalThis.playgroundWorker})();`], { type: "text/javascript" });
    begin(URL.createObjectURL(blob));
  });
  document.head.append(script);
}
