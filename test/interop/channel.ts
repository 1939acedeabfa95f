/** A channel that exists as its first block only: peers can join it, an orderer is not needed. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runToEnd } from "./program.ts";
import { DOMAIN, MSP_ID, type Workspace } from "./workspace.ts";

/** Makes the channel's first block and returns the path of its file. */
export async function makeChannelBlock(workspace: Workspace, channel: string): Promise<string> {
  const { folder, installation } = workspace;
  const block = join(folder, `${channel}.block`);
  await writeFile(join(folder, "configtx.yaml"), JSON.stringify(channelConfig(folder)));
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

function channelConfig(folder: string): object {
  const ordererFolder = join(folder, "crypto/ordererOrganizations/example.com");
  const ordererTls = join(ordererFolder, "orderers/orderer.example.com/tls/server.crt");
  // Nobody listens there.
  const orderer = { Host: "127.0.0.1", Port: 1 };
  const orderers = organisation("OrdererMSP", join(ordererFolder, "msp"));
  const peers = organisation(MSP_ID, join(folder, "crypto/peerOrganizations", DOMAIN, "msp"));
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
      Organizations: [peers],
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

function organisation(mspId: string, mspFolder: string): object {
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
