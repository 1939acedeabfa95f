/** One message, down to the decoded envelope. */
import { button, make } from "./dom.js";
import { size, timeOfDay, visible } from "./format.js";
import { kindOf, nonceOf } from "./message-types.js";

export function createInspector(select) {
  const title = make("h3", { id: "inspector-title" }, "No message selected");
  const hint = "Select a message in the lanes or in the list. The view pauses meanwhile.";
  const content = make("div", {}, make("p", { className: "soft" }, hint));
  const element = make("section", { className: "inspector", "aria-labelledby": title.id });
  element.append(title, content);
  return {
    element,
    /** `related`: messages of the same pull, this one among them. */
    show(message, peer, related) {
      const { name, sentence } = kindOf(message.type);
      const way = message.direction === "sent" ? "to" : "from";
      title.textContent = `${name} ${way} ${peer}`;
      const { direction, time, bytes } = message;
      const line = `${direction} at ${timeOfDay(time, true)}, ${size(bytes)}`;
      content.replaceChildren(
        make("p", { className: "soft" }, line),
        make("p", {}, sentence),
        ...exchange(message, related, select),
        envelopeOf(message),
      );
    },
  };
}

function exchange(message, related, select) {
  if (nonceOf(message) === undefined || related.length < 2) return [];
  const steps = related.map((each) => {
    const { name } = kindOf(each.type);
    const isThis = each.id === message.id;
    const text = `${each.direction === "sent" ? "→" : "←"} ${name}`;
    return button(text, () => select(each.id), { className: "step", ariaPressed: String(isThis) });
  });
  return [make("div", { className: "exchange" }, make("span", {}, "This pull:"), ...steps)];
}

function envelopeOf({ envelope }) {
  if (envelope === null)
    return make("p", {}, "The message is too long to show or cannot be decoded.");
  const code = make("pre", { tabIndex: 0, role: "region", ariaLabel: "Decoded envelope" });
  code.append(...coloured(JSON.stringify(envelope, null, 2)));
  return code;
}

/** Names of fields in another colour than what they hold. */
function coloured(json) {
  return json.split(/^(\s*"[^"]*"(?=: ))/m).map((text, index) => {
    const plain = text.split("\n").map(visible).join("\n");
    return index % 2 === 1 ? make("span", { className: "key" }, plain) : plain;
  });
}
