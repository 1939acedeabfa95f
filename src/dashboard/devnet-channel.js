/** The channel of a devnet: its source of blocks, and the channel as the member that is chosen sees it. */
import { readAddress, writeAddress } from "./address.js";
import { createChannel } from "./channel.js";
import { createChannelView } from "./channel-view.js";
import { make } from "./dom.js";
import { readStream } from "./stream.js";

/** Requests all events that the member has kept. */
const FIRST_ID = "1";

/** `name`: of the channel; `tools`: `report` and `refresh` of the page. */
export function createDevnetChannel(name, tools) {
  let model;
  /** Aborted while nothing is read. */
  let reading = new AbortController();
  reading.abort();
  let isShown = false;
  const chooser = make("select", { id: "channel-observer" });
  const base = () => `/api/v1/devnet/members/${chooser.value}/api`;
  const nameOf = (pkiId) => model?.names.get(pkiId);
  const source = createChannel(tools);
  const view = createChannelView({ base, nameOf, changed: tools.refresh });
  view.setChannels([name]);
  view.head.append(make("label", { className: "search" }, "As seen by", chooser));
  const listen = () => {
    reading.abort();
    reading = new AbortController();
    view.clear();
    const { signal } = reading;
    const onEvent = (type, event) => type === "message" && view.hear(event);
    const nothing = () => {};
    const options = { signal, after: FIRST_ID, onEvent, onOpen: nothing, onLost: nothing };
    void readStream(`${base()}/events`, options);
  };
  chooser.addEventListener("change", () => {
    writeAddress({ observer: chooser.value });
    listen();
    void tools.refresh();
  });
  return {
    sections: [source.section, ...view.sections],
    update(next) {
      model = next;
      source.update(next);
      fill(chooser, next.members);
    },
    /** Asks the member, if it is there. */
    async look() {
      if (isShown && reading.signal.aborted) listen();
      const asked = model.members.find((member) => member.name === chooser.value);
      if (isShown && asked?.isAnswering) await view.look().catch(() => {});
    },
    shown(isNow) {
      if (isShown === isNow) return;
      isShown = isNow;
      if (isNow) void tools.refresh();
      else reading.abort();
    },
  };
}

function fill(chooser, members) {
  if (chooser.options.length === members.length) return;
  chooser.replaceChildren(...members.map(({ name }) => make("option", { value: name }, name)));
  const wanted = readAddress("observer");
  if (members.some(({ name }) => name === wanted)) chooser.value = wanted;
}
