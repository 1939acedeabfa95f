/** Everything that reads bytes of others. A new decoder gets its line here. */
import type { Target } from "./fuzz.ts";
import { channelTargets } from "./targets-channel.ts";
import { coreTargets } from "./targets-core.ts";
import { http2Targets } from "./targets-http2.ts";
import { mspTargets } from "./targets-msp.ts";
import { oneCertificateTargets } from "./targets-one-certificate.ts";
import { signatureTargets } from "./targets-signature.ts";
import { textTargets } from "./targets-text.ts";
import { transportTargets } from "./targets-transport.ts";
import { wireTargets } from "./targets-wire.ts";

export const targets: readonly Target[] = [
  ...wireTargets,
  ...mspTargets,
  ...signatureTargets,
  ...textTargets,
  ...transportTargets,
  ...http2Targets,
  ...coreTargets,
  ...oneCertificateTargets,
  ...channelTargets,
];
