/** A network that sends some messages twice, as a faulty peer might. */
import type { Network } from "../src/transport/network.ts";
import type { SeededRandom } from "./random.ts";
import { sendingBy } from "./sending-by.ts";

/** Wraps a network; repeats each message except handshakes with this probability. */
export function duplicating(network: Network, probability: number, random: SeededRandom): Network {
  return sendingBy(network, (link) => {
    let isHandshake = true;
    return (bytes) => {
      const isRoom = link.send(bytes);
      const again = isRoom && !isHandshake && random.chance(probability);
      isHandshake = false;
      return again ? link.send(bytes) : isRoom;
    };
  });
}
