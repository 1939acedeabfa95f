/** Dispatches each kind of input to its handler, except peer messages and ticks. */
import { refuseContacts, resolveContacts } from "../tables/contacts.ts";
import { noteClosed } from "../tables/neighbourhood.ts";
import type { Effect } from "../types/effect.ts";
import type { Input } from "../types/input.ts";
import { configureChannel, disproveHeight, proveHeight } from "./channel-configuration.ts";
import { learn } from "./learn-identity.ts";
import {
  handleConnected,
  handleIdentified,
  handlePinged,
  handleReplaced,
  handleUnreached,
} from "./liveness.ts";
import { publishAnew, publishIdentity, publishSigned } from "./publish.ts";
import { renew } from "./renewal.ts";
import { handleBlocksServed, handleServed } from "./serve-channel.ts";
import type { Core } from "./state.ts";
import { rejudgeAll } from "./verification.ts";

export function handleInput(
  core: Core,
  input: Exclude<Input, { type: "message" | "tick" }>,
): readonly Effect[] {
  switch (input.type) {
    case "start":
      return [...learn(core, core.options.self, "self"), ...publishIdentity(core)];
    case "connected":
      return handleConnected(core, input.identity);
    case "connection-closed":
      noteClosed(core.neighbourhood, input.pkiId);
      return [];
    case "connection-lost":
      noteClosed(core.neighbourhood, input.pkiId);
      return handleUnreached(core, input.pkiId);
    case "send-failed":
      return handleUnreached(core, input.pkiId);
    case "refused":
      return refuseContacts(core, input.pkiId, input.fault);
    case "replaced":
      return handleReplaced(core, input.old, input.identity);
    case "identified":
      return handleIdentified(core, input);
    case "names-resolved":
      resolveContacts(core, input.endpoints);
      return [];
    case "pinged":
      return handlePinged(core, input.pkiId, input.reachable);
    case "signed":
      return publishSigned(core, input);
    case "set-metadata":
      core.self.metadata = input.metadata;
      return publishAnew(core);
    case "set-endpoint":
      core.self.externalEndpoint = input.externalEndpoint;
      return publishAnew(core);
    case "trust-changed":
      return rejudgeAll(core);
    case "renewed":
      return renew(core, input.self);
    case "channel-configured":
      return configureChannel(core, input.channel, input.configuration);
    case "channel-proven":
      return proveHeight(core, input.channel, input.height);
    case "channel-disproved":
      return disproveHeight(core, input.channel, input.pkiId, input.height);
    case "channel-served":
      return handleServed(core, input);
    case "blocks-served":
      return handleBlocksServed(core, input);
  }
}
