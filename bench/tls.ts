/** The TLS files of one fixture identity, for all the fake members of a process. */
import { readFile } from "node:fs/promises";
import type { TlsCredentials } from "../src/transport/tls-credentials.ts";
import type { Fixtures } from "./fixture-identities.ts";

export async function tlsOf({ organisation }: Fixtures): Promise<TlsCredentials> {
  const peer = organisation.peers.at(-1);
  if (peer === undefined) throw new RangeError("ask for at least two members");
  const cert = await readFile(peer.tlsCertFile);
  const key = await readFile(peer.tlsKeyFile);
  const ca = await readFile(peer.tlsCaFile);
  return { cert, key, rootCas: [ca], clientAuthRequired: true, clientRootCas: [ca] };
}
