/** Asks a running node over its operations endpoint. */

/** The node at this URL did not answer as one. Ends the program with exit code 3. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

export const DEFAULT_URL = "http://127.0.0.1:9443";

/** GETs a path and returns the JSON body. Throws {@link UnreachableError} with the remedy. */
export async function getJson<T>(url: string, path: string): Promise<T> {
  const address = URL.parse(path, url);
  if (address === null) {
    throw new UnreachableError(`"${url}" is no URL: give one like ${DEFAULT_URL} with --url.`);
  }
  let response: Response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(5_000) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new UnreachableError(
      `No node answers at ${url} (${why}): start one, or give its operations address with --url.`,
    );
  }
  if (!response.ok) {
    throw new UnreachableError(
      `${address} answered ${response.status}: is this the operations address of a fabric-gossip node?`,
    );
  }
  return (await response.json()) as T;
}
