/** Doctor: TLS files, names and chains, tried for real over a socket of this machine. */
import { X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { Config, GossipTls } from "../config/config.ts";
import { certificatesIn, tlsChainFault } from "../msp/tls-chain.ts";
import { namesMissing } from "../node/load-credentials.ts";
import { readTls } from "../node/tls-files.ts";
import { plainReason } from "../observe/diagnosis/tls-error-text.ts";
import {
  clientOptions,
  serverContext,
  useServerContext,
  verifyFault,
} from "../transport/grpc-tls.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
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
  const message = `Our TLS certificate begins at ${validFromDate.toISOString()}, in the future: nobody accepts it before.`;
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

/** Would a member with our own settings accept us, in both roles? */
async function chainFinding(
  files: GossipTls,
  tls: TlsCredentials,
  wallMs: number,
): Promise<Finding> {
  if (tls.rootCas.length === 0) {
    return warning(
      "tls-chain",
      "Whether our TLS certificate is believed cannot be tried without peer.tls.rootcert.file.",
      "Name the TLS CA there.",
    );
  }
  const fault = await tryTls(tls, wallMs);
  if (fault === undefined) {
    return ok(
      "tls-chain",
      "A member with our own TLS settings accepts our certificates, when we dial and when we are dialled.",
    );
  }
  const { side, reason } = fault;
  const remedy = /purpose|usage/.test(reason)
    ? `Have the certificate issued for both uses: serverAuth and clientAuth.`
    : side === "client"
      ? `Have ${files.certFile} issued by the CA in ${files.rootCertFile}, or correct peer.tls.rootcert.file; add intermediate CAs to it.`
      : `Have ${files.clientCertFile} issued by a CA of peer.tls.clientRootCAs.files, or correct these.`;
  const whose = side === "client" ? "server" : "client";
  return error(
    "tls-chain",
    `A member with our own TLS settings refuses our ${whose} certificate: ${reason}.`,
    remedy,
  );
}

interface Refused {
  /** Who refused: the dialler (client) or the listener (server). */
  readonly side: "client" | "server";
  readonly reason: string;
}

/** What Go says of the chains in our files, where OpenSSL's words are better known. */
function judgeChains(tls: TlsCredentials, atMs: number): Refused | undefined {
  const { cert, clientCert = cert, rootCas, clientRootCas, clientAuthRequired } = tls;
  const server = tlsChainFault(certificatesIn(cert), rootCas, { use: "server", atMs });
  if (server !== undefined) return { side: "client", reason: server };
  if (!clientAuthRequired) return undefined;
  const client = tlsChainFault(certificatesIn(clientCert), clientRootCas, { use: "client", atMs });
  return client === undefined ? undefined : { side: "server", reason: client };
}

/** Shakes hands with ourselves; names are another check. Undefined: both sides are content. */
async function tryTls(tls: TlsCredentials, atMs: number): Promise<Refused | undefined> {
  const server = createServer({
    ...serverContext(tls),
    ALPNProtocols: ["h2"],
    requestCert: true,
    rejectUnauthorized: false, // We look at the outcome, which Node would keep to itself.
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
    // What OpenSSL alone refuses, neither Fabric nor we refuse.
    return tried?.isVerdict
      ? judged && (tried.side === judged.side ? tried : judged)
      : (tried ?? judged);
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
    const fail = (reason: string): void => end({ side: "client", reason, isVerdict: false });
    server.once("secureConnection", (accepted: TLSSocket) => {
      accepted.on("error", () => {}); // What follows the handshake does not matter.
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
    socket.once("error", ({ message }) => fail(plainReason(message)));
    socket.setTimeout(TRIAL_MS, () => fail("it took too long"));
  });
}

function verdict(socket: TLSSocket, side: Refused["side"]): Tried | undefined {
  if (socket.authorized) return undefined;
  const code = String(socket.authorizationError);
  const reason =
    side === "client" || code === "INVALID_PURPOSE"
      ? plainReason(verifyFault(code))
      : `its chain leads to no CA of peer.tls.clientRootCAs.files (${code})`;
  return { side, reason, isVerdict: true };
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
    clientAuthRequired: true, // What tells more than health asks for a certificate in any case.
    rootCertFile: undefined,
    clientCertFile: tls.certFile,
    clientKeyFile: tls.keyFile,
  };
  await readTls(files, wallMs, problems);
  if (problems.length > 0) return problems.map((problem) => error("operations-tls", problem));
  if (tls.clientRootCaFiles.length === 0) {
    const message =
      "operations.tls.clientRootCAs.files names no CA, so that nobody can use /metrics, /logspec and /api.";
    return [warning("operations-tls", message, "Name the CA of those who may.")];
  }
  return [ok("operations-tls", `${tls.certFile} and its key match.`)];
}
