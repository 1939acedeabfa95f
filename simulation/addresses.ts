/** Which member is reached at an endpoint. */
import { endpointsOf, type SimulatedMember } from "./member.ts";

/** Who sends a message to whom; undefined: nobody is at that endpoint. */
interface Pair {
  readonly from: string;
  readonly to: string;
  readonly sender: SimulatedMember | undefined;
  readonly receiver: SimulatedMember | undefined;
}

export class Addresses {
  readonly #members = new Map<string, SimulatedMember>();
  #last: Pair = { from: "", to: "", sender: undefined, receiver: undefined };

  add(member: SimulatedMember): void {
    for (const endpoint of endpointsOf(member)) this.#members.set(endpoint, member);
  }

  /** The index of the member; undefined if there is none. */
  indexAt(endpoint: string): number | undefined {
    return this.#members.get(endpoint)?.index;
  }

  /** Both ends at once: messages of one packet are asked for one after the other. */
  between(from: string, to: string): Pair {
    if (from !== this.#last.from || to !== this.#last.to) {
      const [sender, receiver] = [this.#members.get(from), this.#members.get(to)];
      this.#last = { from, to, sender, receiver };
    }
    return this.#last;
  }
}
