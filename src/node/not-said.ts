/** Why something was not said to other members. */
import { GossipError } from "../lib/errors.ts";
import { DEFAULT_MESSAGING_LIMITS } from "../messaging/types/options.ts";

export function unsigned(): GossipError {
  return new GossipError(
    "signing-failed",
    "the message could not be signed, or the node was closed meanwhile: see that the signer works, and " +
      "say it again.",
  );
}

export function tooFast(): GossipError {
  const { perAuthorPerSecond } = DEFAULT_MESSAGING_LIMITS;
  return new GossipError(
    "too-fast",
    `other members take ${perAuthorPerSecond} messages a second of one author: say less, or several things in ` +
      "one message.",
  );
}
