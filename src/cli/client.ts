/** HTTP client for the operations endpoint of a running node. */
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { PeerCertificate } from "node:tls";
import { GossipError } from "../lib/errors.ts";
import { checkServerName } from "../transport/tls-names.ts";
import { addressOf, openTarget, type Target } from "./target.ts";
import { explainFailure, notANode, UnreachableError } from "./unreachable.ts";

interface Asked {
  readonly method?: "GET" | "PUT" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** How long the answer may take; default 5_000 ms. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const CLOCK_TOLERANCE_MS = 2_000;
/** Maximum response size; the member list of the largest network stays below it. */
const BODY_LENGTH_MAX = 268_435_456;

/**
 * GETs a list of objects, from a node or from the URL of one. Throws {@link UnreachableError} unless
 * a node answers.
 */
export async function getList<T extends object>(
  from: Target | string,
  path: string,
): Promise<readonly T[]> {
  const target = typeof from === "string" ? await openTarget({ url: from }) : from;
  return (await getDatedList<T>(target, path)).rows;
}

/** The same, and the time on the node's machine: ages in the list are to be counted from it. */
export async function getDatedList<T extends object>(
  target: Target,
  path: string,
): Promise<{ readonly rows: readonly T[]; readonly nowMs: number }> {
  const { text, dateMs } = await exchange(target, path, {});
  const rows = parse(target, path, text);
  const isList =
    Array.isArray(rows) && rows.every((row) => typeof row === "object" && row !== null);
  if (!isList) throw notANode(target, path);
  // Its date has whole seconds: our own clock is better where the two agree.
  const isAlike = !(Math.abs(Date.now() - dateMs) > CLOCK_TOLERANCE_MS);
  return { rows, nowMs: isAlike ? Date.now() : dateMs };
}

/** GETs an object. Throws {@link UnreachableError} unless a node answers. */
export async function getObject<T extends object>(target: Target, path: string): Promise<T> {
  const body = parse(target, path, await ask(target, path, {}));
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as T;
  throw notANode(target, path);
}

function parse(target: Target, path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notANode(target, path);
  }
}

/**
 * One request, the whole answer as text. Throws {@link UnreachableError} with the remedy if no node
 * answers, and `config-invalid` with the node's own message if it rejects the request.
 */
export async function ask(target: Target, path: string, asked: Asked): Promise<string> {
  return (await exchange(target, path, asked)).text;
}

async function exchange(
  target: Target,
  path: string,
  asked: Asked,
): Promise<{ readonly text: string; readonly dateMs: number }> {
  const signal = AbortSignal.timeout(asked.timeoutMs ?? TIMEOUT_MS);
  const response = await open(target, path, asked, signal);
  const text = await readText(target, path, response);
  const { statusCode = 0 } = response;
  const dateMs = Date.parse(response.headers.date ?? "");
  if (statusCode >= 200 && statusCode < 300) return { text, dateMs };
  throw refusal(target, path, statusCode, text);
}

/** The body of an answer. */
export async function readText(
  target: Target,
  path: string,
  response: IncomingMessage,
): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response.setEncoding("utf8")) {
      text += chunk;
      if (text.length > BODY_LENGTH_MAX) throw notANode(target, path);
    }
  } catch (error) {
    throw explainFailure(target, error);
  }
  return text;
}

/** Sends a request; resolves with the answer's head. */
export function open(
  target: Target,
  path: string,
  { method = "GET", headers = {}, body }: Asked,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { tls } = target;
  const { url: address } = addressOf(target, path);
  const request = address.protocol === "https:" ? requestHttps : requestHttp;
  // Not the name that Node hands on: brackets and a final dot belong to it.
  const checkServerIdentity = (_: string, certificate: PeerCertificate): Error | undefined =>
    checkServerName(address.hostname, certificate);
  return new Promise((resolve, reject) => {
    const options = {
      ...tls,
      // As in Go and between members, an intermediate CA is enough.
      allowPartialTrustChain: true,
      method,
      headers,
      signal,
      agent: false,
      checkServerIdentity,
    };
    const asked = request(address, options, resolve);
    asked.once("error", (error) => reject(explainFailure(target, error)));
    asked.end(body);
  });
}

/**
 * Turns an error status into an error. Whoever follows a stream tries again after an
 * {@link UnreachableError}, and gives up after any other.
 */
export function refusal(target: Target, path: string, status: number, text: string): Error {
  const said = errorIn(text);
  const { origin } = target.url;
  if ((status === 400 || status === 413 || status === 429) && said !== undefined)
    return new GossipError("config-invalid", said);
  if (status === 401 && said === undefined) {
    return new UnreachableError(
      `${origin} asks for a user and a password, which no node does: write those of the proxy in front ` +
        "of the node in --url, as in https://user:password@host.",
    );
  }
  if (status === 401) {
    const what =
      target.tls.cert === undefined
        ? "asks for a client certificate"
        : "does not accept our client certificate";
    return new UnreachableError(
      `${origin} ${what}: give --cert and --key, issued by a CA of ` +
        "the node's operations.tls.clientRootCAs.",
    );
  }
  if (status === 403 && said !== undefined) {
    return new UnreachableError(`${origin} refused the request: ${said}`);
  }
  if (status === 503) {
    const reason = said ?? "it has too many connections: end some, or try again later";
    return new UnreachableError(`${origin} cannot answer now: ${reason}`);
  }
  if (status === 408) {
    return new UnreachableError(
      `${origin} waited too long for the request: this machine or the network is busy, try again.`,
    );
  }
  return notANode(target, path, status);
}

function errorIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const isError = typeof body === "object" && body !== null && "error" in body;
    return isError && typeof body.error === "string" ? body.error : undefined;
  } catch {
    return undefined; // Not one of our answers.
  }
}
