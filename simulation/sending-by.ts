/** A network whose links send in another way. */
import type { Link, Network } from "../src/transport/network.ts";

/** Wraps a network; `sendOf` returns what sends on a link, called once for each. */
export function sendingBy(network: Network, sendOf: (link: Link) => Link["send"]): Network {
  const wrap = (link: Link): Link => ({
    outbound: link.outbound,
    remoteAddress: link.remoteAddress,
    localCertHash: link.localCertHash,
    remoteCertHash: link.remoteCertHash,
    admit: () => link.admit(),
    start: (events) => link.start(events),
    close: (refusal) => link.close(refusal),
    send: sendOf(link),
  });
  return {
    listen: (accepted, refused) => network.listen((link) => accepted(wrap(link)), refused),
    dial: (endpoint, events) =>
      network.dial(endpoint, {
        failed: events.failed,
        opened: (link) => events.opened(wrap(link)),
      }),
    ping: (endpoint, done) => network.ping(endpoint, done),
    close: () => network.close(),
  };
}
