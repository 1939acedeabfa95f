/** The orderer of a workspace: one, of Raft, for one channel. */
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PATIENT_MS, type Running, runToEnd, start } from "./program.ts";
import { until } from "./until.ts";
import { local, type Workspace } from "./workspace.ts";

export interface OrdererPorts {
  readonly listen: number;
  readonly admin: number;
  readonly operations: number;
}

/** Starts it, and lets it join the channel of that first block. */
export async function startOrderer(
  { folder, installation }: Workspace,
  ports: OrdererPorts,
  channel: string,
  block: string,
): Promise<Running> {
  const configFolder = join(folder, "config");
  const stock = join(dirname(installation.coreYaml), "orderer.yaml");
  await copyFile(stock, join(configFolder, "orderer.yaml"));
  const home = join(folder, "crypto/ordererOrganizations/example.com/orderers/orderer.example.com");
  const [cert, key, ca] = ["server.crt", "server.key", "ca.crt"].map((n) => join(home, "tls", n));
  const state = join(folder, "state/orderer");
  const running = start({
    program: installation.program("orderer"),
    arguments: [],
    folder,
    environment: {
      FABRIC_CFG_PATH: configFolder,
      FABRIC_LOGGING_FORMAT: "json",
      ORDERER_GENERAL_LISTENADDRESS: "127.0.0.1",
      ORDERER_GENERAL_LISTENPORT: String(ports.listen),
      ORDERER_GENERAL_LOCALMSPID: "OrdererMSP",
      ORDERER_GENERAL_LOCALMSPDIR: join(home, "msp"),
      ORDERER_GENERAL_TLS_ENABLED: "true",
      ORDERER_GENERAL_TLS_CERTIFICATE: `${cert}`,
      ORDERER_GENERAL_TLS_PRIVATEKEY: `${key}`,
      ORDERER_GENERAL_TLS_ROOTCAS: `[${ca}]`,
      ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE: `${cert}`,
      ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY: `${key}`,
      ORDERER_GENERAL_CLUSTER_ROOTCAS: `[${ca}]`,
      ORDERER_GENERAL_BOOTSTRAPMETHOD: "none",
      ORDERER_CHANNELPARTICIPATION_ENABLED: "true",
      ORDERER_FILELEDGER_LOCATION: join(state, "ledger"),
      ORDERER_CONSENSUS_WALDIR: join(state, "wal"),
      ORDERER_CONSENSUS_SNAPDIR: join(state, "snap"),
      ORDERER_OPERATIONS_LISTENADDRESS: local(ports.operations),
      ORDERER_ADMIN_LISTENADDRESS: local(ports.admin),
      ORDERER_ADMIN_TLS_ENABLED: "false",
      ORDERER_ADMIN_TLS_CLIENTAUTHREQUIRED: "false",
    },
  });
  await until({
    what: "the orderer takes part in the channel",
    timeoutMs: PATIENT_MS,
    async isSo() {
      const end = running.ended();
      if (end !== undefined) throw new Error(`it ended with ${end}: ${lastLines(running)}`);
      try {
        await runToEnd({
          program: installation.program("osnadmin"),
          arguments: [
            ...["channel", "join", `--channelID=${channel}`, `--config-block=${block}`],
            ...["-o", local(ports.admin)],
          ],
          environment: {},
          folder,
        });
        return true;
      } catch (error) {
        return String(error);
      }
    },
  });
  return running;
}

function lastLines(running: Running): string {
  return running
    .log()
    .slice(-5)
    .map(({ text }) => text)
    .join("\n");
}
