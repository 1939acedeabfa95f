/** Asks a running node over its operations endpoint. */
import { GossipError } from "../errors.ts";
import { plainReason } from "../plain-reason.ts";

/** The node at this URL did not answer as one. Ends the program with exit code 3. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

export const DEFAULT_URL = "http://127.0.0.1:9443";

/**
 * GETs a list of objects. Throws {@link UnreachableError} with the remedy if nobody answers as a node
 * does, and `config-invalid` if the URL is none.
 */
export async function getList<T extends object>(url: string, path: string): Promise<readonly T[]> {
  const body = await getJson(url, path);
  const isList =
    Array.isArray(body) && body.every((row) => typeof row === "object" && row !== null);
  if (isList) return body as readonly T[];
  throw notANode(new URL(path, url));
}

async function getJson(url: string, path: string): Promise<unknown> {
  const address = URL.parse(path, url);
  if (address === null || !/^https?:$/.test(address.protocol)) {
    throw new GossipError(
      "config-invalid",
      `"${url}" is no URL of a node: give one like ${DEFAULT_URL} with --url.`,
    );
  }
  let response: Response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(5_000) });
  } catch (error) {
    throw new UnreachableError(
      `No node answers at ${url} (${causeOf(error)}): start one, or give its operations address ` +
        "with --url.",
    );
  }
  if (!response.ok) throw notANode(address, ` ${response.status}`);
  try {
    return await response.json();
  } catch {
    throw notANode(address);
  }
}

function notANode(address: URL, status = " something else"): UnreachableError {
  return new UnreachableError(
    `${address} answered${status}: is this the operations address of a fabric-gossip node?`,
  );
}

/** What went wrong below `fetch`, in one line. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return plainReason(cause instanceof Error ? cause.message || cause.name : String(cause));
}
