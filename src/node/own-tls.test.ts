/** What is said of our own TLS certificate that others would refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GossipTls } from "../config/config.ts";
import { encodeDer } from "../msp/der.ts";
import { alternativeNames, makeCertificate, makeExtension, seq } from "../msp/testing.ts";
import { ownChainFault } from "./own-tls.ts";

const NAME_CONSTRAINTS = "2.5.29.30";
const files = { certFile: "server.crt", clientCertFile: undefined } as unknown as GossipTls;

test("names for which its CA may not vouch: a remedy that is about names", () => {
  const permitted = seq(encodeDer(0x82, Buffer.from("org1.example.com")));
  const extensions = [makeExtension(NAME_CONSTRAINTS, seq(encodeDer(0xa0, permitted)), true)];
  const ca = makeCertificate({ commonName: "ca", isCa: true, extensions });
  const named = (name: string) =>
    makeCertificate({ commonName: "p", issuer: ca, extensions: [alternativeNames(name)] });
  const faultOf = (name: string) => {
    const { pem } = named(name);
    const key = Buffer.alloc(0);
    const cert = Buffer.from(pem);
    const rootCas = [Buffer.from(ca.pem)];
    const tls = { cert, key, rootCas, clientRootCas: [], clientAuthRequired: false };
    return ownChainFault(tls, files, Date.UTC(2026, 0, 1));
  };
  assert.equal(faultOf("peer0.org1.example.com"), undefined);
  assert.deepEqual(faultOf("peer0.org2.example.com"), {
    message:
      "A member with our TLS settings refuses our server certificate: its CA CN=ca may not vouch for its names.",
    remedy: "Have server.crt issued for names that this CA may vouch for, or by another CA.",
  });
});
