/** A transaction of a chaincode that every peer has: its life cycle. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { channelHeaderOf, parseBlock } from "../../src/channel/rules/read-block.ts";
import { runToEnd } from "./program.ts";
import { environmentOf, local, type PeerSettings, type Workspace } from "./workspace.ts";

/**
 * The peer's administrator approves a definition: private data of its organisation go along. Returns the id
 * of the transaction once the peer has committed it.
 */
export async function approveChaincode(
  workspace: Workspace,
  settings: PeerSettings,
  channel: string,
  ordererPort: number,
): Promise<string> {
  const { folder, installation } = workspace;
  const { admin } = settings.organisation;
  const orderers = join(folder, "crypto/ordererOrganizations/example.com/orderers");
  const order = [
    ...["-o", local(ordererPort), "--tls"],
    ...["--cafile", join(orderers, "orderer.example.com/tls/ca.crt")],
  ];
  const environment = {
    ...environmentOf(workspace, settings),
    CORE_PEER_MSPCONFIGPATH: join(admin, "msp"),
    CORE_PEER_TLS_CLIENTCERT_FILE: join(admin, "tls/client.crt"),
    CORE_PEER_TLS_CLIENTKEY_FILE: join(admin, "tls/client.key"),
  };
  const peer = (...words: readonly string[]) =>
    runToEnd({ program: installation.program("peer"), arguments: words, environment, folder });
  const chaincode = ["--name", "kv", "--version", "1", "--sequence", "1"];
  const approve = ["lifecycle", "chaincode", "approveformyorg", "--channelID", channel];
  await peer(...approve, ...chaincode, ...order);
  const file = join(folder, "approved.block");
  await peer("channel", "fetch", "newest", file, "-c", channel);
  const block = parseBlock(new Uint8Array(await readFile(file)));
  const [transaction] = block.ok ? block.value.transactions : [];
  return (transaction && channelHeaderOf(transaction)?.txId) ?? "";
}
