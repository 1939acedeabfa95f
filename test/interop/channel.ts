/** A channel that exists as its first block only: peers can join it, an orderer is not needed. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runToEnd } from "./program.ts";
import type { Organisation, Workspace } from "./workspace.ts";

/** The anchor peers of the organisations, by MSP-ID: their ports on this machine. */
export type Anchors = Readonly<Record<string, readonly number[]>>;

/** Makes the first block of a channel of all organisations and returns the path of its file. */
export async function makeChannelBlock(
  workspace: Workspace,
  channel: string,
  anchors: Anchors = {},
): Promise<string> {
  const { folder, installation } = workspace;
  const block = join(folder, `${channel}.block`);
  const config = JSON.stringify(channelConfig(workspace, anchors));
  await writeFile(join(folder, "configtx.yaml"), config);
  await runToEnd({
    program: installation.program("configtxgen"),
    arguments: [
      `-configPath=${folder}`,
      "-profile=Channel",
      `-channelID=${channel}`,
      `-outputBlock=${block}`,
    ],
    environment: {},
    folder,
  });
  return block;
}

const ANYBODY = { Readers: "ANY Readers", Writers: "ANY Writers", Admins: "ANY Admins" };

function channelConfig({ folder, organisations }: Workspace, anchors: Anchors): object {
  const ordererFolder = join(folder, "crypto/ordererOrganizations/example.com");
  const ordererTls = join(ordererFolder, "orderers/orderer.example.com/tls/server.crt");
  // Nobody listens there.
  const orderer = { Host: "127.0.0.1", Port: 1 };
  const orderers = describe("OrdererMSP", join(ordererFolder, "msp"));
  const peers = organisations.map((organisation) => ofPeers(organisation, anchors));
  const channel = {
    Policies: policies("ImplicitMeta", ANYBODY),
    Capabilities: { V2_0: true },
    Orderer: {
      OrdererType: "etcdraft",
      BatchTimeout: "1s",
      BatchSize: { MaxMessageCount: 10, AbsoluteMaxBytes: 1_000_000, PreferredMaxBytes: 100_000 },
      EtcdRaft: {
        Consenters: [{ ...orderer, ClientTLSCert: ordererTls, ServerTLSCert: ordererTls }],
      },
      Organizations: [{ ...orderers, OrdererEndpoints: [`${orderer.Host}:${orderer.Port}`] }],
      Policies: policies("ImplicitMeta", { ...ANYBODY, BlockValidation: "ANY Writers" }),
      Capabilities: { V2_0: true },
    },
    Application: {
      Organizations: peers,
      Policies: policies("ImplicitMeta", {
        ...ANYBODY,
        LifecycleEndorsement: "ANY Endorsement",
        Endorsement: "ANY Endorsement",
      }),
      Capabilities: { V2_0: true },
    },
  };
  return { Profiles: { Channel: channel } };
}

function ofPeers({ mspId, folder }: Organisation, anchors: Anchors): object {
  const ports = anchors[mspId] ?? [];
  return {
    ...describe(mspId, join(folder, "msp")),
    AnchorPeers: ports.map((port) => ({ Host: "127.0.0.1", Port: port })),
  };
}

function describe(mspId: string, mspFolder: string): object {
  const member = `OR('${mspId}.member')`;
  return {
    Name: mspId,
    ID: mspId,
    MSPDir: mspFolder,
    Policies: policies("Signature", {
      Readers: member,
      Writers: member,
      Endorsement: member,
      Admins: member,
    }),
  };
}

function policies(type: string, rules: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, { Type: type, Rule: rule }]),
  );
}
