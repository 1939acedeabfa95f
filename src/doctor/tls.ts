/** Doctor: TLS files, names and chains, tested in a real handshake on this machine. */
import { X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { Config, GossipTls } from "../config/config.ts";
import type { Fault } from "../core/types/event.ts";
import { certificatesIn, tlsChainFault } from "../msp/tls-chain.ts";
import { namesMissing } from "../node/load-credentials.ts";
import { readTls } from "../node/tls-files.ts";
import { tellFault } from "../observe/diagnosis/causes.ts";
import { clientOptions, serverContext, useServerContext } from "../transport/grpc-tls.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { tlsFailure, verdictFault } from "../transport/tls-fault.ts";
import { error, type Finding, ok, timeLeft, warning } from "./finding.ts";
import type { Examined } from "./identity.ts";

const TRIAL_MS = 5_000;

/** The TLS of the gossip connections; nothing to say if it is off. */
export async function examineTls(
  config: Config,
  wallMs: number,
): Promise<Examined<TlsCredentials>> {
  if (!config.tls.enabled) return { findings: [], value: undefined };
  const problems: string[] = [];
  const tls = await readTls(config.tls, wallMs, problems);
  const findings: Finding[] = problems.map((problem) => error("tls", problem));
  if (tls === undefined || problems.length > 0) return { findings, value: undefined };
  const certificate = new X509Certificate(tls.cert);
  const names = certificate.subjectAltName ?? "no name";
  const untilMs = certificate.validToDate.getTime();
  const message = `${config.tls.certFile} and its key match; it names ${names} and expires in ${timeLeft(untilMs, wallMs)}.`;
  const isSoon = untilMs - wallMs < (config.fabricGossip.expiryNoticesMs[0] ?? 0);
  findings.push(isSoon ? warning("tls", message, "Renew it in time.") : ok("tls", message));
  findings.push(...beginning(certificate, wallMs));
  findings.push(...nameFindings(config, tls.cert), await chainFinding(config.tls, tls, wallMs));
  return { findings, value: tls };
}

function beginning(certificate: X509Certificate, wallMs: number): readonly Finding[] {
  const { validFromDate } = certificate;
  if (validFromDate.getTime() <= wallMs) return [];
  const message = `Our TLS certificate begins at ${validFromDate.toISOString()}, in the future: no peer accepts it before that.`;
  return [error("clock", message, "Check the clock of this machine, or wait.")];
}

function nameFindings(config: Config, cert: Buffer): readonly Finding[] {
  const missing = namesMissing(config, cert);
  if (missing.length > 0) return missing.map((sentence) => error("tls-names", sentence));
  const advertised = [config.endpoint, config.externalEndpoint].filter((name) => name !== "");
  return [
    ok(
      "tls-names",
      `The TLS certificate names the host of ${[...new Set(advertised)].join(" and ")}.`,
    ),
  ];
}

/** Whether a member with our settings would accept us, in both roles. */
async function chainFinding(
  files: GossipTls,
  tls: TlsCredentials,
  wallMs: number,
): Promise<Finding> {
  if (tls.rootCas.length === 0) {
    return warning(
      "tls-chain",
      "Without peer.tls.rootcert.file, doctor cannot test whether peers accept our TLS certificate.",
      "Name the TLS CA there.",
    );
  }
  const fault = await tryTls(tls, wallMs);
  if (fault === undefined) {
    return ok(
      "tls-chain",
      "A member with our TLS settings accepts our certificates in both directions.",
    );
  }
  const whose = fault.side === "client" ? "server" : "client";
  return error(
    "tls-chain",
    `A member with our TLS settings refuses our ${whose} certificate: ${tellRefused(fault)}.`,
    chainRemedy(fault, files),
  );
}

function tellRefused({ side, code, detail }: Refused): string {
  if (code === "tls-wrong-purpose") return `it is not valid for this purpose (${detail})`;
  if (side === "client" || code !== "tls-untrusted") return tellFault({ code, detail });
  return `its chain does not lead to a CA in peer.tls.clientRootCAs.files (${detail})`;
}

function chainRemedy({ side, code }: Refused, files: GossipTls): string {
  const { certFile, clientCertFile, rootCertFile } = files;
  const file = side === "client" ? certFile : clientCertFile;
  if (code === "tls-wrong-purpose") {
    return "Reissue the certificate for both uses: serverAuth and clientAuth.";
  }
  if (code !== "tls-untrusted") {
    return `Reissue ${file} from a valid CA, with an ECDSA P-256 key.`;
  }
  return side === "client"
    ? `Have ${file} issued by the CA in ${rootCertFile}, or correct peer.tls.rootcert.file; add intermediate CAs to it.`
    : `Have ${file} issued by a CA of peer.tls.clientRootCAs.files, or correct these.`;
}

interface Refused extends Fault {
  /** Who refused: the dialler (client) or the listener (server). */
  readonly side: "client" | "server";
}

/** Go's verdict on the chains in our files. */
function judgeChains(tls: TlsCredentials, atMs: number): Refused | undefined {
  const { cert, clientCert = cert, rootCas, clientRootCas, clientAuthRequired } = tls;
  const code = "tls-bad-certificate";
  const server = tlsChainFault(certificatesIn(cert), rootCas, { use: "server", atMs });
  if (server !== undefined) return { side: "client", code, detail: server };
  if (!clientAuthRequired) return undefined;
  const client = tlsChainFault(certificatesIn(clientCert), clientRootCas, { use: "client", atMs });
  return client === undefined ? undefined : { side: "server", code, detail: client };
}

/**
 * Performs a handshake with ourselves; names are a separate check. Undefined: both sides accept.
 */
async function tryTls(tls: TlsCredentials, atMs: number): Promise<Refused | undefined> {
  const server = createServer({
    ...serverContext(tls),
    ALPNProtocols: ["h2"],
    requestCert: true,
    rejectUnauthorized: false, // We read the outcome, which Node would not report.
  });
  useServerContext(server, tls);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const tried = await shake(server, port, tls);
    const judged = judgeChains(tls, atMs);
    if (!tried?.isVerdict) return tried ?? judged;
    // Fabric and we accept chains that only OpenSSL refuses; where both refuse, OpenSSL's code
    // gives the kind.
    return judged && { ...judged, ...(tried.side === judged.side ? { code: tried.code } : {}) };
  } finally {
    server.close();
  }
}

interface Tried extends Refused {
  /** OpenSSL's verdict on a chain; otherwise TLS itself failed. */
  readonly isVerdict: boolean;
}

function shake(
  server: ReturnType<typeof createServer>,
  port: number,
  tls: TlsCredentials,
): Promise<Tried | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      ...clientOptions(tls, "localhost"),
      host: "127.0.0.1",
      port,
      checkServerIdentity: () => undefined,
      rejectUnauthorized: false,
    });
    const end = (tried: Tried | undefined): void => {
      socket.destroy();
      resolve(tried);
    };
    const fail = (code: string, detail: string): void =>
      end({ side: "client", code, detail, isVerdict: false });
    server.once("secureConnection", (accepted: TLSSocket) => {
      accepted.on("error", () => {}); // Anything after the handshake is irrelevant.
      const client = tls.clientAuthRequired ? verdict(accepted, "server") : undefined;
      const judged = (): void => end(verdict(socket, "client") ?? client);
      // With TLS 1.2 the server is ready before the client.
      if (isReady) judged();
      else socket.once("secureConnect", judged);
    });
    let isReady = false;
    socket.once("secureConnect", () => {
      isReady = true;
    });
    socket.once("error", (fault) => {
      const { fault: code, reason } = tlsFailure(fault);
      fail(code, reason);
    });
    socket.setTimeout(TRIAL_MS, () => fail("tls", "it took too long"));
  });
}

function verdict(socket: TLSSocket, side: Refused["side"]): Tried | undefined {
  if (socket.authorized) return undefined;
  const code = verdictFault(String(socket.authorizationError));
  return { side, code, detail: "", isVerdict: true };
}

/** The TLS of the operations endpoint. */
export async function examineOperationsTls(
  { operations: { tls, listenAddress } }: Config,
  wallMs: number,
): Promise<readonly Finding[]> {
  if (!tls.enabled || listenAddress === undefined) return [];
  const problems: string[] = [];
  const files: GossipTls = {
    ...tls,
    clientAuthRequired: true, // Anything beyond health requires a certificate in any case.
    rootCertFile: undefined,
    clientCertFile: tls.certFile,
    clientKeyFile: tls.keyFile,
  };
  await readTls(files, wallMs, problems);
  if (problems.length > 0) return problems.map((problem) => error("operations-tls", problem));
  if (tls.clientRootCaFiles.length === 0) {
    const message =
      "operations.tls.clientRootCAs.files names no CA, so that nobody can use /metrics, /logspec and /api.";
    return [warning("operations-tls", message, "Name the CA of the clients that may connect.")];
  }
  return [ok("operations-tls", `${tls.certFile} and its key match.`)];
}
