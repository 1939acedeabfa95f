/** A network whose messages somebody watches, without a change to it. */
import type { Link, LinkEvents, Network } from "./network.ts";

/** Hears of what crosses one link. */
export interface LinkWatcher {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
}

/**
 * The same network. `watch` is called for each link, with the endpoint that we dialled or the address
 * of the socket that came in.
 */
export function watchNetwork(network: Network, watch: (remote: string) => LinkWatcher): Network {
  return {
    listen: (accepted, refused) =>
      network.listen((link) => accepted(watchLink(link, watch(link.remoteAddress))), refused),
    dial: (endpoint, events) =>
      network.dial(endpoint, {
        opened: (link) => events.opened(watchLink(link, watch(endpoint))),
        failed: (fault, reason) => events.failed(fault, reason),
      }),
    ping: (endpoint, done) => network.ping(endpoint, done),
    close: () => network.close(),
  };
}

function watchLink(link: Link, watcher: LinkWatcher): Link {
  let isClosed = false;
  const { outbound, remoteAddress, localCertHash, remoteCertHash } = link;
  return {
    outbound,
    remoteAddress,
    localCertHash,
    remoteCertHash,
    start: (events) =>
      link.start({
        message(bytes) {
          watcher.received(bytes);
          events.message(bytes);
        },
        drain: () => events.drain(),
        closed(...why: Parameters<LinkEvents["closed"]>) {
          isClosed = true;
          events.closed(...why);
        },
      }),
    admit: () => link.admit(),
    send(bytes) {
      if (!isClosed) watcher.sent(bytes);
      return link.send(bytes);
    },
    close(refusal) {
      isClosed = true;
      link.close(refusal);
    },
  };
}
