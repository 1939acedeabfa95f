/** Partition editor: chooses which devnet members can reach each other. */
import { button, byId, make } from "./dom.js";

const GROUPS = 3;

export function createPartition({ report, refresh }) {
  let model;
  const divide = async (groups) => {
    try {
      const response = await fetch("/api/v1/devnet/partition", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ groups }),
      });
      const answer = await response.json();
      if (!response.ok) report(answer.error, "bad");
      else report(sentence(answer.groups), answer.groups.length === 0 ? "good" : "warn");
    } catch {
      report("the partition could not be sent", "bad");
    }
    await refresh();
  };
  const organisations = () => {
    const groups = Map.groupBy(model.members, ({ organisation }) => organisation);
    return [...groups.values()].map((members) => members.map(({ name }) => name));
  };
  const dialog = createDialog(divide);
  const buttons = make(
    "div",
    { className: "actions" },
    button("Split organisations", () => divide(organisations())),
    button("Partition…", () => dialog.open(model)),
  );
  const heal = button("Heal", () => divide([]));
  const text = make("p", { className: "groups" });
  byId("split").append(text, heal);
  return {
    buttons,
    isolate: (name) => divide([[name]]),
    update(next) {
      model = next;
      const { groups } = next;
      byId("split").hidden = groups.length === 0;
      const parts = groups.flatMap((group, index) => [
        make("strong", {}, `Group ${index + 1}`),
        make("span", {}, shorten(group)),
      ]);
      text.replaceChildren(make("span", {}, "Partitioned: no traffic between"), ...parts);
    },
  };
}

function sentence(groups) {
  if (groups.length === 0) return "the network is whole again";
  return `the network is partitioned: ${groups.map((group) => shorten(group)).join(" | ")}`;
}

function shorten(names) {
  return names.length <= 6 ? names.join(", ") : `${names.length} members`;
}

/** A table that assigns each member to a group. */
function createDialog(divide) {
  const rows = make("div", { className: "choices" });
  const dialog = make("dialog", { "aria-labelledby": "partition-title" });
  const apply = () => {
    /** @type {string[][]} */
    const groups = Array.from({ length: GROUPS }, () => []);
    for (const chosen of rows.querySelectorAll("input:checked")) {
      groups[Number(chosen.value)].push(chosen.name);
    }
    dialog.close();
    void divide(groups.filter((group) => group.length > 0));
  };
  dialog.append(
    make("h2", { id: "partition-title" }, "Partition the network"),
    make("p", { className: "soft" }, "Members of different groups cannot reach each other."),
    rows,
    make(
      "div",
      { className: "actions end" },
      button("Cancel", () => dialog.close()),
      button("Partition", apply, { className: "primary" }),
    ),
  );
  document.body.append(dialog);
  return {
    open({ members }) {
      rows.replaceChildren(...members.map(choice));
      dialog.showModal();
    },
  };
}

function choice({ name, group }) {
  const options = Array.from({ length: GROUPS }, (_, index) => {
    const checked = index === Math.max(0, group);
    const input = make("input", { type: "radio", name, value: String(index), checked });
    return make("label", {}, input, `Group ${index + 1}`);
  });
  return make("fieldset", {}, make("legend", {}, name), ...options);
}
