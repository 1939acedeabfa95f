/** A change of a channel's configuration, made as an administrator would. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CHANNEL_HEADER,
  COMMON_ENVELOPE,
  COMMON_PAYLOAD,
  HEADER_TYPE,
} from "../../src/wire/block-messages.ts";
import {
  ANCHOR_PEERS,
  CONFIG_GROUP,
  CONFIG_UPDATE,
  CONFIG_UPDATE_ENVELOPE,
} from "../../src/wire/config-messages.ts";
import { encode } from "../../src/wire/encode.ts";
import { runToEnd } from "./program.ts";
import { environmentOf, local, type PeerSettings, type Workspace } from "./workspace.ts";

export interface AnchorUpdate {
  readonly channel: string;
  /** The peer whose organisation gets other anchors; its administrator signs. */
  readonly settings: PeerSettings;
  readonly ports: readonly number[];
  /** How often these anchors were changed before. */
  readonly version: bigint;
  readonly ordererPort: number;
}

/** Gives an organisation other anchor peers: one configuration block. */
export async function updateAnchors(workspace: Workspace, update: AnchorUpdate): Promise<void> {
  const { folder, installation } = workspace;
  const { channel, settings, ordererPort } = update;
  const file = join(folder, `${channel}.update`);
  await writeFile(file, envelopeOf(update));
  const { admin } = settings.organisation;
  const orderers = join(folder, "crypto/ordererOrganizations/example.com/orderers");
  await runToEnd({
    program: installation.program("peer"),
    arguments: [
      ...["channel", "update", "-f", file, "-c", channel, "-o", local(ordererPort)],
      ...["--tls", "--cafile", join(orderers, "orderer.example.com/tls/ca.crt")],
    ],
    environment: {
      ...environmentOf(workspace, settings),
      CORE_PEER_MSPCONFIGPATH: join(admin, "msp"),
    },
    folder,
  });
}

function envelopeOf({ channel, settings, ports, version }: AnchorUpdate): Uint8Array {
  const { mspId } = settings.organisation;
  const value = encode(ANCHOR_PEERS, {
    anchorPeers: ports.map((port) => ({ host: "127.0.0.1", port })),
  });
  const anchors = {
    key: "AnchorPeers",
    value: { version: version + 1n, value, modPolicy: "Admins" },
  };
  const within = (organisation: Uint8Array): Uint8Array =>
    groupOf("Application", groupOf(mspId, organisation));
  const configUpdate = encode(CONFIG_UPDATE, {
    channelId: channel,
    readSet: within(encode(CONFIG_GROUP, {})),
    writeSet: within(encode(CONFIG_GROUP, { values: [anchors] })),
  });
  const channelHeader = encode(CHANNEL_HEADER, {
    type: HEADER_TYPE.configUpdate,
    channelId: channel,
  });
  const data = encode(CONFIG_UPDATE_ENVELOPE, { configUpdate });
  return encode(COMMON_ENVELOPE, {
    payload: encode(COMMON_PAYLOAD, { header: { channelHeader }, data }),
  });
}

function groupOf(key: string, value: Uint8Array): Uint8Array {
  return encode(CONFIG_GROUP, { groups: [{ key, value }] });
}
