/** The tables of `docs/configuration.md`, written from the table of keys. */
import type { Key } from "./key.ts";
import { SECTIONS } from "./keys.ts";
import { envName } from "./source.ts";

/** Markdown: one heading and one table per section. */
export function writeManual(): string {
  const sections = SECTIONS.map(([heading, keys]) => {
    const rows = Object.values(keys).map(writeRow);
    return [`## ${heading}`, "", ...HEAD, ...rows].join("\n");
  });
  return sections.join("\n\n");
}

const HEAD = ["| Key and variable | Kind and range | Default | Meaning |", "|---|---|---|---|"];

function writeRow({ name, env, kind, byDefault, doc }: Key<unknown>): string {
  const variables = [...env, envName(name)].map((variable) => `<br>\`${variable}\``);
  const cells = [`\`${name}\`${variables.join("")}`, kind, byDefault, doc];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
