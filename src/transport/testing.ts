/** Time and dice for tests of the transport: those of the simulator. */
export { createVirtualClock, type VirtualClock } from "../../simulation/clock.ts";
export { createSeededRandom } from "../../simulation/random.ts";
