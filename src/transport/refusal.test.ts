import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { remedyFor, tellFault } from "../observe/diagnosis/causes.ts";
import { readRefusal } from "./refusal.ts";

/** What ends our stream, in the words of the other side; as Fabric 2.5 and 3.1 put it, and as we do. */
const REFUSALS: readonly (readonly [message: string, fault: string])[] = [
  [
    'failed classifying identity: Unable to extract msp.Identity from peer Identity: Peer Identity {"CN":"peer1.org1.example.com","MSP":"Org1MSP","OU":["peer"]} cannot be validated. No MSP found able to do that.',
    "refused-us",
  ],
  [
    "Peer Identity \n\u0007Org1MSP\u0012-----BEGIN CERTIFICATE----- cannot be validated. No MSP found able to do that.",
    "refused-us",
  ],
  ["could not validate identity: The certificate has been revoked", "refused-revoked"],
  ["gossipping peer identity expired", "refused-expired"],
  ["Expected [1 2] in remote hash of TLS cert, but got [3]", "refused-tls-binding"],
  ["no TLS certificate", "refused-no-certificate"],
  ["timed out waiting for connection message from 10.0.0.1:7051", "refused-timeout"],
  ["no handshake arrived in time", "refused-timeout"],
  ["our own handshake could not be signed: Error: busy", "refused-signing"],
  ["x509: certificate signed by unknown authority", "refused-invalid"],
  ["identity is not well formed: wrong order", "refused-invalid"],
  ["shutting down", "refused-stopping"],
  ["the identity belongs to an organisation that is not trusted here: x", "refused-us"],
  ["the identity has been revoked: serial 5", "refused-revoked"],
  ["the identity has expired", "refused-expired"],
  ["the identity is not valid in its organisation: no CA", "refused-invalid"],
  ["the handshake names another TLS certificate than the connection's", "refused-tls-binding"],
  ["The signature is invalid", "refused-signature"],
  ["could not determine the validity of the signature: Invalid S.", "refused-signature"],
  ["the handshake is not signed by its identity", "refused-signature"],
  ["too many connections", "refused-full"],
  ["too many handshakes at a time", "refused-full"],
  ["that is ourselves", "refused-us"],
  ["", "refused-us"],
];

describe("a refusal by the other side", () => {
  for (const [message, fault] of REFUSALS) {
    test(`${fault}: ${JSON.stringify(message.slice(0, 40))}`, () => {
      const end = readRefusal(message);
      assert.equal(end.fault, fault);
      assert.ok(end.reason.length > 0);
      assert.ok(remedyFor(end.fault), "has a remedy");
      // The words are of the other side: "the other side" in them is we.
      const told = tellFault({ code: end.fault, detail: end.reason });
      assert.equal(told, `it refused us: ${end.reason}`);
    });
  }

  test("does not repeat a whole certificate", () => {
    for (const [message] of REFUSALS.slice(0, 2)) {
      assert.equal(readRefusal(message).reason, "no MSP there accepts our certificate");
    }
  });
});
