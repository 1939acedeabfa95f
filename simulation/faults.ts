/** Starts and ends faults in a world. Faults of one kind may overlap. */
import type { SimulatedFault } from "./fault.ts";
import type { Habit } from "./habits.ts";
import { HostileMember } from "./hostile.ts";
import type { SimulatedMember } from "./member.ts";
import type { Cut } from "./network.ts";
import type { World } from "./world.ts";

type FaultOf<T extends SimulatedFault["type"]> = Extract<SimulatedFault, { type: T }>;

export class Faults {
  readonly #world: World;
  readonly #active = new Set<SimulatedFault>();
  readonly #cuts = new Map<SimulatedFault, readonly Cut[]>();
  readonly #hostile = new Map<number, HostileMember>();

  constructor(world: World) {
    this.#world = world;
  }

  async begin(fault: SimulatedFault): Promise<void> {
    const world = this.#world;
    this.#active.add(fault);
    switch (fault.type) {
      case "crash":
        return world.stop(this.#memberOf(fault), fault.isPowerCut);
      case "leave":
        return this.#leave(this.#memberOf(fault));
      case "stall":
        return world.stall(this.#memberOf(fault));
      case "cut":
        return this.#cut(fault);
      case "loss":
      case "slow":
        return this.#setNetwork();
      case "break":
        return world.network.breakLinks((a, b) => a === fault.member || b === fault.member);
      case "skew":
        return this.#setClock(this.#memberOf(fault));
      case "renew":
        return world.renew(this.#memberOf(fault));
      case "revoke":
        return this.#revoke(fault);
      case "metadata":
        return this.#publish(this.#memberOf(fault));
      case "hostile":
        return this.#unleash(this.#memberOf(fault), fault.habit);
      case "expire":
        return; // Its certificate says so from the beginning.
    }
  }

  async end(fault: SimulatedFault): Promise<void> {
    const world = this.#world;
    this.#active.delete(fault);
    switch (fault.type) {
      case "crash": {
        const member = this.#memberOf(fault);
        if (this.#isActive("crash", member) || member.hasLeft) return;
        return world.start(member, fault.remembersIncarnation);
      }
      case "stall": {
        const member = this.#memberOf(fault);
        if (!this.#isActive("stall", member)) world.resume(member);
        return;
      }
      case "cut":
        for (const cut of this.#cuts.get(fault) ?? []) world.network.removeCut(cut);
        return;
      case "loss":
      case "slow":
        return this.#setNetwork();
      case "skew":
        return this.#setClock(this.#memberOf(fault));
      case "hostile":
        return this.#hostile.get(fault.member)?.stop();
      default:
    }
  }

  #unleash(member: SimulatedMember, habit: Habit | undefined): Promise<void> {
    const hostile = new HostileMember(this.#world, member, this.#world.random.fork(), habit);
    this.#hostile.set(member.index, hostile);
    return hostile.start();
  }

  #memberOf({ member }: { readonly member: number }): SimulatedMember {
    const found = this.#world.members[member];
    if (found === undefined) throw new RangeError(`there is no member ${member}`);
    return found;
  }

  #isActive(type: SimulatedFault["type"], { index }: SimulatedMember): boolean {
    return [...this.#active].some(
      (fault) => fault.type === type && "member" in fault && fault.member === index,
    );
  }

  async #leave(member: SimulatedMember): Promise<void> {
    member.hasLeft = true;
    await this.#world.stop(member);
  }

  #cut(fault: FaultOf<"cut">): void {
    const [from, to] = [new Set(fault.from), new Set(fault.to)];
    const cuts = fault.isMutual
      ? [
          { from, to },
          { from: to, to: from },
        ]
      : [{ from, to }];
    this.#cuts.set(fault, cuts);
    for (const cut of cuts) this.#world.network.addCut(cut);
  }

  /** Of several simultaneous faults, the worst applies. */
  #setNetwork(): void {
    let [loss, slowness] = [0, 1];
    for (const fault of this.#active) {
      if (fault.type === "loss") loss = Math.max(loss, fault.probability);
      if (fault.type === "slow") slowness = Math.max(slowness, fault.factor);
    }
    this.#world.network.setLoss(loss);
    this.#world.network.setSlowness(slowness);
  }

  /** A clock follows its latest fault; without one it is correct. */
  #setClock(member: SimulatedMember): void {
    let skewMs = 0;
    for (const fault of this.#active) {
      if (fault.type === "skew" && fault.member === member.index) ({ skewMs } = fault);
    }
    this.#world.setSkew(member, skewMs);
  }

  /** The other members read the list one after another. */
  #revoke(fault: FaultOf<"revoke">): void {
    const world = this.#world;
    world.revoke(this.#memberOf(fault));
    const spanMs = fault.untilMs - fault.fromMs;
    world.members.forEach((member, i) => {
      const delayMs = Math.floor((spanMs * i) / world.members.length);
      world.clock.after(delayMs, () => world.readRevocations(member));
    });
  }

  #publish({ life }: SimulatedMember): void {
    const metadata = new TextEncoder().encode(`at ${this.#world.nowMs}`);
    life?.process.run(() => life.node.setMetadata(metadata));
  }
}
