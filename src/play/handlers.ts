/** The core function that handles a message, as in `src/core/core.ts`; a test compares. */
import type { Kind } from "../../simulation/wire-kind.ts";

export interface Handler {
  readonly name: string;
  /** From the root of the sources. */
  readonly file: string;
}

const HANDLERS: Readonly<Record<Exclude<Kind, "other">, Handler>> = {
  alive: { name: "handleAlive", file: "src/core/handlers/alive.ts" },
  "membership-request": {
    name: "handleMembershipRequest",
    file: "src/core/handlers/membership-request.ts",
  },
  "membership-response": {
    name: "handleMembershipResponse",
    file: "src/core/handlers/membership-response.ts",
  },
  hello: { name: "handleHello", file: "src/core/handlers/identity-pull.ts" },
  digest: { name: "handleDigest", file: "src/core/handlers/identity-pull.ts" },
  request: { name: "handleRequest", file: "src/core/handlers/identity-pull.ts" },
  update: { name: "handleUpdate", file: "src/core/handlers/identity-pull.ts" },
  "state-info": { name: "handleStateInfo", file: "src/core/handlers/state-info.ts" },
  handshake: { name: "shakeHands", file: "src/transport/handshake.ts" },
};

/** Of a message that was passed on before, or will be. */
export const COPY_HANDLER: Handler = { name: "noteCopy", file: "src/core/handlers/alive.ts" };

const DISPATCHER: Handler = { name: "handleMessage", file: "src/core/core.ts" };

export function handlerOf(kind: Kind): Handler {
  return kind === "other" ? DISPATCHER : HANDLERS[kind];
}

/** All handlers with a name. */
export const ALL_HANDLERS: readonly Handler[] = [
  ...Object.values(HANDLERS),
  COPY_HANDLER,
  DISPATCHER,
];
