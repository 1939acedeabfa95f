/** The database thread: one for all stores of a process, alive while one of them is open. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { StoreAnswer, StoreAsk } from "./store-messages.ts";

type Answered = StoreAnswer["value"];
type Outcome =
  | { readonly id: number; readonly ok: true; readonly value: Answered }
  | { readonly id: number; readonly ok: false; readonly reason: string };

/** A request that the database could not carry out: the disk is full, the file is spoilt, ... */
class StoreError extends Error {
  override readonly name = "StoreError";
}

class StoreThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #lastId = 0;
  #end: string | undefined;
  users = 0;

  constructor() {
    // The extension of this file: TypeScript in the sources, JavaScript in the package.
    const file = `./store-worker${extname(import.meta.filename)}`;
    this.#worker = new Worker(new URL(file, import.meta.url), { execArgv: [] });
    this.#worker.on("message", (outcome: Outcome) => {
      const settle = this.#waiting.get(outcome.id);
      this.#waiting.delete(outcome.id);
      settle?.(outcome);
    });
    this.#worker.on("error", (error: unknown) => this.#ended(String(error)));
    this.#worker.on("exit", () => this.#ended("the thread of the databases has ended"));
  }

  ask(store: number, ask: StoreAsk, moved: readonly ArrayBuffer[]): Promise<Answered> {
    if (this.#end !== undefined) return Promise.reject(new StoreError(this.#end));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (outcome) => {
        if (outcome.ok) resolve(outcome.value);
        else reject(new StoreError(outcome.reason));
      });
      this.#worker.postMessage({ id, store, ask }, [...moved]);
    });
  }

  async stop(): Promise<void> {
    this.#ended("the store is closed");
    await this.#worker.terminate();
  }

  #ended(reason: string): void {
    this.#end ??= reason;
    if (current === this) current = undefined;
    for (const [id, settle] of this.#waiting) settle({ id, ok: false, reason });
    this.#waiting.clear();
  }
}

let current: StoreThread | undefined;
let lastStore = 0;

/** The connection of one store to its database. */
export interface StoreLine {
  ask(ask: StoreAsk, moved?: readonly ArrayBuffer[]): Promise<Answered>;
  hangUp(): Promise<void>;
}

export function callThread(): StoreLine {
  current ??= new StoreThread();
  const thread = current;
  const store = ++lastStore;
  thread.users++;
  return {
    ask: (ask, moved = []) => thread.ask(store, ask, moved),
    async hangUp() {
      thread.users--;
      if (thread.users > 0) return;
      if (current === thread) current = undefined;
      await thread.stop();
    },
  };
}
