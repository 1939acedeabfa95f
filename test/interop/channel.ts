/** A channel of our own making: its first block is enough for peers to join it, further ones need an orderer. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChainMaker } from "../../src/channel-maker/chain.ts";
import { channelDraft } from "../../src/channel-maker/channel-draft.ts";
import { exportMsp, readAuthor } from "../../src/msp/export-msp.ts";
import { memberFolder } from "../../src/msp/generate-folder.ts";
import { MAKER_HOST } from "../reader/chain.ts";
import type { Workspace } from "./workspace.ts";

/** The anchor peers of the organisations, by MSP-ID: their ports on this machine. */
export type Anchors = Readonly<Record<string, readonly number[]>>;

/** No orderer listens there. */
const NOBODY = 1;

/** Makes the first block of a channel of all organisations and returns the path of its file. */
export async function makeChannelBlock(
  { folder, organisations }: Workspace,
  channel: string,
  anchors: Anchors = {},
  ordererPort = NOBODY,
): Promise<string> {
  const ordererFolder = join(folder, "crypto/ordererOrganizations/example.com");
  const files = memberFolder(join(ordererFolder, "orderers"), "orderer.example.com", "server");
  const orderer = await readAuthor("OrdererMSP", files);
  const host = "127.0.0.1";
  const draft = channelDraft({
    organisations: await Promise.all(
      organisations.map(async ({ mspId, folder: own }) => ({
        mspId,
        msp: await exportMsp(join(own, "msp"), mspId),
        anchors: (anchors[mspId] ?? []).map((port) => ({ host, port })),
      })),
    ),
    orderer: {
      mspId: "OrdererMSP",
      msp: await exportMsp(join(ordererFolder, "msp"), "OrdererMSP"),
    },
    consenters: [
      {
        host,
        port: ordererPort,
        certificate: await readFile(files.certFile),
        tlsCertificate: await readFile(files.tlsCertFile),
      },
    ],
  });
  const plan = { channel, orderers: [orderer], client: orderer, host: MAKER_HOST };
  const block = join(folder, `${channel}.block`);
  await writeFile(block, new ChainMaker(plan).addConfig(draft, 0n));
  return block;
}
