/** A network that sends some messages twice, as a faulty peer might. */
import type { Link, Network } from "../src/transport/network.ts";
import type { SeededRandom } from "./random.ts";

/** Wraps a network; repeats each message except handshakes with this probability. */
export function duplicating(network: Network, probability: number, random: SeededRandom): Network {
  return {
    listen: (accepted) => network.listen((link) => accepted(twice(link, probability, random))),
    dial: (endpoint, events) =>
      network.dial(endpoint, {
        failed: events.failed,
        opened: (link) => events.opened(twice(link, probability, random)),
      }),
    ping: (endpoint, done) => network.ping(endpoint, done),
    close: () => network.close(),
  };
}

function twice(link: Link, probability: number, random: SeededRandom): Link {
  let isHandshake = true;
  return {
    outbound: link.outbound,
    remoteAddress: link.remoteAddress,
    localCertHash: link.localCertHash,
    remoteCertHash: link.remoteCertHash,
    admit: () => link.admit(),
    start: (events) => link.start(events),
    close: (refusal) => link.close(refusal),
    send(bytes) {
      const isRoom = link.send(bytes);
      const again = isRoom && !isHandshake && random.chance(probability);
      isHandshake = false;
      return again ? link.send(bytes) : isRoom;
    },
  };
}
