/** MSP folders with a fault in their config.yaml or administrators, and the sentence that says so. */
import { describe } from "node:test";
import {
  CONFIG,
  makeCertificate,
  makePeer,
  makeRevocationList,
  peer,
  peerFolder,
  root,
} from "./testing.ts";
import { type RefusedFolder, testRefused } from "./testing-problems.ts";

const weak = makeCertificate({ commonName: "weak.org", isCa: true, hasKeyId: false });
const noCa = makeCertificate({ commonName: "no.ca" });

const cases: readonly RefusedFolder[] = [
  [
    "NodeOUs in other capitals",
    peerFolder({ "config.yaml": CONFIG.replace("NodeOUs", "NodeOus") }),
    /^The MSP in \S+ has no administrator/,
    /^config\.yaml: NodeOus has no effect; did you mean NodeOUs\?$/,
  ],
  [
    "a unit in other capitals",
    peerFolder({ "config.yaml": CONFIG.replace("Identifier: peer", "Identifier: Peer") }),
    /\(it has "peer"\)\): have one issued with the unit that config\.yaml asks for \("client", "Peer", "admin"\), or correct config\.yaml\.$/,
  ],
  [
    "config.yml",
    { ...peerFolder({ "config.yaml": undefined }), "config.yml": CONFIG },
    /^The MSP in \S+ has no administrator/,
    /^config\.yml is not read: its name has to be config\.yaml\.$/,
  ],
  [
    "a required unit without its CA",
    peerFolder({
      "config.yaml":
        "OrganizationalUnitIdentifiers: [{Certificate: cacerts/gone.pem, OrganizationalUnitIdentifier: x}]",
      "admincerts/a.pem": peer.pem,
    }),
    /^The CA certificate cacerts\/gone\.pem of the organisational unit "x" in config\.yaml does not exist: correct/,
  ],
  [
    "a required unit that names no CA",
    peerFolder({
      "config.yaml": "OrganizationalUnitIdentifiers: [{OrganizationalUnitIdentifier: x}]",
      "admincerts/a.pem": peer.pem,
    }),
    /^The organisational unit "x" under OrganizationalUnitIdentifiers in config\.yaml names no CA: add Certificate/,
  ],
  [
    "a Windows path in quotation marks",
    peerFolder({ "config.yaml": CONFIG.replace("cacerts/ca.pem", '"cacerts\\ca.pem"') }),
    /^config\.yaml is not valid YAML \(Invalid escape sequence .*\): write paths with \/\.$/,
  ],
  [
    "a NodeOU below something that is no CA of ours",
    peerFolder({
      "config.yaml": CONFIG.replace("cacerts/ca.pem", "other.pem"),
      "other.pem": weak.pem,
    }),
    /^other\.pem, which an organisational unit in config\.yaml refers to, is no CA of this MSP: name/,
  ],
  [
    "no administrator",
    peerFolder({ "config.yaml": undefined }),
    /^The MSP in \S+ has no administrator: put a certificate into admincerts, or set NodeOUs/,
  ],
  [
    "an administrator who is a peer",
    peerFolder({ "admincerts/a.pem": peer.pem }),
    /^admincerts\/a\.pem is no administrator of this MSP \(its organisational unit is neither/,
  ],
  [
    "an administrator of another organisation",
    peerFolder({ "admincerts/a.pem": noCa.pem }),
    /^admincerts\/a\.pem is no administrator of this MSP \(none of/,
  ],
  [
    "a revoked administrator",
    peerFolder({
      "config.yaml": undefined,
      "admincerts/a.pem": makePeer({ serial: 7 }).pem,
      "crls/c.pem": makeRevocationList(root, [7]),
    }),
    /^admincerts\/a\.pem is no administrator of this MSP \(CN=ca\.org revoked/,
  ],
  [
    "YAML that is none",
    peerFolder({ "config.yaml": "a: [" }),
    /^config\.yaml is not valid YAML \(.*\): correct the file\.$/,
  ],
  [
    "YAML that is too long",
    peerFolder({ "config.yaml": `${CONFIG}${"#\n".repeat(10_000)}` }),
    /^config\.yaml is larger than 16384 bytes: correct or remove it\.$/,
  ],
  [
    "YAML that is nested too deep",
    peerFolder({ "config.yaml": `a: ${"{[".repeat(8_000)}` }),
    /^config\.yaml opens more than 32 brackets: correct the file\.$/,
  ],
  [
    "YAML of too many marks, of which those in comments are none",
    peerFolder({ "config.yaml": `${"# a: b, c: d\n".repeat(200)}NodeOUs: [${"a,".repeat(300)}]` }),
    /^config\.yaml has more than 300 colons, commas and the like: correct the file\.$/,
  ],
  [
    "YAML of too many lines",
    peerFolder({ "config.yaml": `a: [\n${"x\n".repeat(300)}` }),
    /^config\.yaml has more than 300 lines: correct the file\.$/,
  ],
  [
    "a switch that is no boolean",
    peerFolder({ "config.yaml": "NodeOUs: {Enable: 3}" }),
    /^config\.yaml: NodeOUs\.Enable must be true or false, without quotation marks: correct/,
  ],
];

describe("a folder that is refused for its config.yaml or administrators", () =>
  testRefused(cases));
