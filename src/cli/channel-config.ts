/** `fabric-gossip channel-config`: the configuration of a channel, and what is wrong with it. */
import type {
  CertificateView,
  ConfigDiff,
  ConfigView,
  OrganisationView,
} from "../following/views.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { checkOutput, writingTo } from "../lib/write-output.ts";
import { writeWhole } from "../lib/write-whole.ts";
import { type ReadConfiguration, readConfigurationFile } from "../reader/read-channel.ts";
import { jsonOf, printNotes, type ReaderFlags, useReader } from "./reader-flags.ts";

export interface ChannelConfigFlags extends ReaderFlags {
  readonly block?: string;
  readonly diff?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Prints it; 1 if something in it is inconsistent. */
export async function channelConfig(
  channel: string | undefined,
  flags: ChannelConfigFlags,
): Promise<number> {
  if ((channel === undefined) === (flags.block === undefined)) {
    const what = channel === undefined ? "Nothing says which configuration" : "Two are named";
    const remedy = "give a channel, or a file with --block";
    throw new GossipError("config-invalid", `${what}: ${remedy}.`);
  }
  const [found, other] = await findBoth(channel, flags);
  const diff = other && found.since(other);
  const { out } = flags;
  if (out !== undefined) await writingTo("--out", out, () => writeWhole(out, found.raw));
  if (flags.json) {
    const value = { ...found.view, ...(diff ? { diff } : {}) };
    process.stdout.write(`${printableJson(jsonOf(value))}\n`);
  } else print(found, diff);
  return found.view.problems.length > 0 ? 1 : 0;
}

function print({ view, notes }: ReadConfiguration, diff: ConfigDiff | undefined): void {
  const lines = diff === undefined ? describe(view) : describeDiff(diff);
  process.stdout.write(`${lines.map(printable).join("\n")}\n`);
  printNotes(notes);
  for (const problem of view.problems) process.stderr.write(`problem: ${printable(problem)}\n`);
}

/** The configuration, and the one that it is compared with. Files are read before any peer is asked. */
async function findBoth(
  channel: string | undefined,
  flags: ChannelConfigFlags,
): Promise<[ReadConfiguration, ReadConfiguration | undefined]> {
  const problems: string[] = [];
  const read = async (flag: "block" | "diff", name?: string) => {
    const file = flags[flag];
    if (file === undefined) return undefined;
    return await collect(problems, readConfigurationFile(file, `--${flag}`, name));
  };
  const given = await read("block");
  const other = await read("diff", given?.view.channel ?? channel);
  if (flags.out !== undefined) await collect(problems, checkOutput("--out", flags.out));
  if (channel !== undefined) {
    return [await useReader(channel, flags, problems, (reader) => reader.configuration()), other];
  }
  if (given === undefined || problems.length > 0) throw new GossipError("config-invalid", problems);
  return [given, other];
}

function describe(view: ConfigView): readonly string[] {
  const { channel, sequence, blockNumber, orderers, capabilities, policies, acls, trust } = view;
  const { batch } = orderers;
  return [
    `channel ${channel}, configuration ${sequence} in block ${blockNumber}: ${trust}`,
    "",
    ...view.organisations.flatMap(textOf),
    "",
    `orderers: ${orderers.type ?? "none"}${orderers.isInMaintenance ? ", in maintenance" : ""}`,
    ...(batch
      ? [
          `  batch: ${batch.messagesMax} messages, ${batch.preferredBytesMax} bytes, ${batch.timeout}`,
        ]
      : []),
    ...view.ordererAddresses.map((address) => `  address: ${address}`),
    ...orderers.consenters.flatMap(({ address, mspId, certificates }) => [
      `  ${address}${mspId === null ? "" : ` of ${mspId}`}`,
      ...certificates.map((one) => `    ${certificateText(one)}`),
    ]),
    ...orderers.organisations.flatMap(textOf),
    "",
    ...Object.entries(capabilities).map(
      ([level, names]) => `capabilities of the ${level}: ${names.join(" ") || "none"}`,
    ),
    "",
    ...policies.map(({ name, rule }) => `${name}: ${rule}`),
    ...acls.map(({ resource, policy }) => `access to ${resource}: ${policy}`),
  ];
}

function textOf(organisation: OrganisationView): readonly string[] {
  const { mspId, name, anchors, endpoints, certificates, revoked } = organisation;
  return [
    `${mspId}${name === mspId ? "" : ` (${name})`}`,
    ...(anchors.length > 0 ? [`  anchor peers: ${anchors.join(" ")}`] : []),
    ...(endpoints.length > 0 ? [`  orderer endpoints: ${endpoints.join(" ")}`] : []),
    ...certificates.map((one) => `  ${certificateText(one)}`),
    ...(revoked.length > 0 ? [`  revoked serial numbers: ${revoked.join(" ")}`] : []),
  ];
}

function certificateText({ kind, subject, notAfter }: CertificateView): string {
  return `${kind}: ${subject}, until ${notAfter.toISOString().slice(0, 10)}`;
}

function describeDiff({ added, removed, paths }: ConfigDiff): readonly string[] {
  if (paths.length === 0) return ["nothing has changed"];
  return [
    ...removed.map((fact) => `- ${fact}`),
    ...added.map((fact) => `+ ${fact}`),
    ...paths.map((path) => `changed: ${path}`),
  ];
}
