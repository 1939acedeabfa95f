/** Doctor: TLS files, names and chains, tested in a real handshake on this machine. */
import { X509Certificate } from "node:crypto";
import { createServer, type TLSSocket } from "node:tls";
import type { Config, GossipTls } from "../config/config.ts";
import type { Fault } from "../core/types/event.ts";
import { namesMissing } from "../node/load-credentials.ts";
import { clientUseFault, loneRootFault, ownChainFault, tlsBeginning } from "../node/own-tls.ts";
import {
  operationsNotAfterMs,
  readOperationsTls,
  readTls,
  tlsNotAfterMs,
} from "../node/tls-files.ts";
import { tellFault } from "../observe/diagnosis/causes.ts";
import { expiredTls } from "../observe/diagnosis/own-tls.ts";
import { clientOptions, serverContext, useServerContext } from "../transport/grpc-tls.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { tlsFailure } from "../transport/tls-fault.ts";
import { connectTls } from "../transport/tls-peer.ts";
import { error, type Finding, faultFinding, ok, timeLeft, warning } from "./finding.ts";
import type { Examined } from "./identity.ts";

const TRIAL_MS = 5_000;

/** The TLS of the gossip connections; nothing to say if it is off. */
export async function examineTls(
  config: Config,
  wallMs: number,
): Promise<Examined<TlsCredentials>> {
  if (!config.tls.enabled) return { findings: [], value: undefined };
  const problems: string[] = [];
  const doubts: string[] = [];
  const tls = await readTls(config.tls, problems, doubts);
  const expired = expiredTls(tlsNotAfterMs(tls), { wallMs, elapsedMs: 0 });
  const findings: Finding[] = [
    ...[...new Set([...problems, ...doubts])].map((problem) => error("tls", problem)),
    ...expired.map((fault) => faultFinding("tls", fault)),
  ];
  if (tls === undefined || findings.length > 0) return { findings, value: tls };
  const names = new X509Certificate(tls.cert).subjectAltName ?? "nothing";
  const { certFile, clientCertFile } = config.tls;
  const soonMs = config.fabricGossip.expiryNoticesMs[0] ?? 0;
  const pair = `${certFile} and its key match; it names ${names} and`;
  findings.push(expiryFinding("tls", pair, tls.cert, { wallMs, soonMs }));
  if (clientCertFile !== certFile && tls.clientCert !== undefined) {
    const client = `${clientCertFile} and its key match; it is shown as a client and`;
    findings.push(expiryFinding("tls", client, tls.clientCert, { wallMs, soonMs }));
  }
  const later = tlsBeginning(tls, wallMs);
  if (later !== undefined) findings.push(error("clock", later.message, later.remedy));
  findings.push(...nameFindings(config, tls.cert));
  if (later === undefined) findings.push(await chainFinding(config.tls, tls, wallMs));
  return { findings, value: tls };
}

function expiryFinding(
  check: string,
  subject: string,
  cert: Buffer,
  { wallMs, soonMs }: { readonly wallMs: number; readonly soonMs: number },
): Finding {
  const untilMs = new X509Certificate(cert).validToDate.getTime();
  const message = `${subject} expires in ${timeLeft(untilMs, wallMs)}.`;
  const isSoon = untilMs - wallMs < soonMs;
  return isSoon ? warning(check, message, "Renew it in time.") : ok(check, message);
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
  const fault = ownChainFault(tls, files, wallMs);
  if (fault !== undefined) return error("tls-chain", fault.message, fault.remedy);
  if (tls.rootCas.length === 0) {
    return warning(
      "tls-chain",
      "Without peer.tls.rootcert.file, doctor cannot test whether peers accept our TLS certificate.",
      "Name the TLS CA there.",
    );
  }
  const lone = loneRootFault(tls);
  if (lone !== undefined) return warning("tls-chain", lone.message, lone.remedy);
  const failure = await tryTls(tls);
  const doubt = clientUseFault(tls, files, wallMs);
  if (failure === undefined && doubt) return warning("tls-chain", doubt.message, doubt.remedy);
  if (failure === undefined) {
    return ok(
      "tls-chain",
      "A member with our TLS settings accepts our certificates in both directions.",
    );
  }
  return error(
    "tls-chain",
    `A member with our TLS settings refuses our server certificate: ${tellFault(failure)}.`,
    `Reissue ${files.certFile} from a valid CA, with an ECDSA P-256 key.`,
  );
}

/** Performs a TLS handshake with ourselves, whatever chains are shown; undefined: it succeeds. */
async function tryTls(tls: TlsCredentials): Promise<Fault | undefined> {
  const server = createServer({
    ...serverContext(tls),
    ALPNProtocols: ["h2"],
    requestCert: true,
    rejectUnauthorized: false,
  });
  useServerContext(server, tls);
  server.on("secureConnection", (socket: TLSSocket) => socket.on("error", () => {}));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    return await shake(port, tls);
  } finally {
    server.close();
  }
}

function shake(port: number, tls: TlsCredentials): Promise<Fault | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({
      ...clientOptions(tls, "localhost"),
      host: "127.0.0.1",
      port,
      checkServerIdentity: () => undefined,
      rejectUnauthorized: false,
    });
    const end = (fault?: Fault): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.once("secureConnect", () => end());
    socket.once("error", (failed) => {
      const { fault: code, reason: detail } = tlsFailure(failed);
      end({ code, detail });
    });
    socket.setTimeout(TRIAL_MS, () => end({ code: "tls", detail: "it took too long" }));
  });
}

/** The TLS of the operations endpoint. */
export async function examineOperationsTls(
  { operations: { tls, listenAddress }, fabricGossip: { expiryNoticesMs } }: Config,
  wallMs: number,
): Promise<readonly Finding[]> {
  if (!tls.enabled || listenAddress === undefined) return [];
  const problems: string[] = [];
  const doubts: string[] = [];
  const read = await readOperationsTls(tls, problems, doubts);
  if (problems.length > 0) return problems.map((problem) => error("operations-tls", problem));
  if (doubts.length > 0) return doubts.map((doubt) => warning("operations-tls", doubt));
  // Those that only watch a member do not keep it from starting: it is in order otherwise.
  const [expired] = expiredTls(operationsNotAfterMs(read), { wallMs, elapsedMs: 0 });
  if (expired) return [{ ...faultFinding("operations-tls", expired), status: "warning" }];
  if (tls.clientRootCaFiles.length === 0) {
    const message =
      "operations.tls.clientRootCAs.files names no CA, so that nobody can use /metrics, /logspec and /api.";
    return [warning("operations-tls", message, "Name the CA of the clients that may connect.")];
  }
  const times = { wallMs, soonMs: expiryNoticesMs[0] ?? 0 };
  const pair = `${tls.certFile} and its key match; it`;
  return read ? [expiryFinding("operations-tls", pair, read.cert, times)] : [];
}
