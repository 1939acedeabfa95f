/** TLS pairs of our own making for the peer that doctor and start look at. */
import { writeFile } from "node:fs/promises";
import { alternativeNames, keyPem, type Made, makeCertificate } from "../../src/msp/testing.ts";
import type { Peer } from "./doctor-peer.ts";

export const ca = makeCertificate({ commonName: "tls ca", isCa: true });
const localhost = alternativeNames("localhost");

/** A certificate of the CA for localhost, but for the wish. */
export const leaf = (wish: Parameters<typeof makeCertificate>[0] | object = {}): Made =>
  makeCertificate({ commonName: "peer", issuer: ca, extensions: [localhost], ...wish });

/** Puts a TLS pair of our own making in place; the peer advertises localhost. */
export async function install({ env, file }: Peer, made: Made, chain: readonly Made[] = []) {
  const port = env["CORE_PEER_ADDRESS"]?.split(":")[1] ?? "";
  env["CORE_PEER_ADDRESS"] = `localhost:${port}`;
  env["CORE_PEER_GOSSIP_EXTERNALENDPOINT"] = `localhost:${port}`;
  const pems = [made, ...chain].map(({ pem }) => Buffer.from(pem).toString());
  await writeFile(file("tls/server.crt"), pems.join(""));
  await writeFile(file("tls/server.key"), keyPem(made), { mode: 0o600 });
  await writeFile(file("tls/ca.crt"), ca.pem);
}
