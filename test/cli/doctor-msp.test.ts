/** Doctor on MSP folders: each mistake in real files, and what is said of it. */
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { Finding } from "../../src/doctor/finding.ts";
import { renewPeerCertificate, revokeCertificate } from "../../src/msp/generate-renew.ts";
import { assertSays, findingsOf, foreign, type Peer, setUp } from "./doctor-peer.ts";

describe("doctor on MSP folders (spec A 7)", () => {
  type Spoil = (peer: Peer, t: TestContext) => Promise<unknown>;
  const configYaml =
    (change: (text: string) => string): Spoil =>
    async ({ file }) => {
      const path = file("msp/config.yaml");
      await writeFile(path, change(await readFile(path, "utf8")));
    };
  const cases: readonly (readonly [string, Spoil, Finding["status"], string, RegExp])[] = [
    [
      "no CA",
      ({ file }) => rm(file("msp/cacerts"), { recursive: true }),
      "error",
      "msp",
      /cacerts does not exist: make it a folder with its files/i,
    ],
    [
      "no key",
      ({ file }) => rm(file("msp/keystore/priv_sk")),
      "error",
      "msp",
      /No file in .*keystore is the private key of .* Put it there/i,
    ],
    [
      "the key of another peer",
      ({ org, file }) =>
        copyFile(
          join(org.peers[1]?.mspFolder ?? "", "keystore/priv_sk"),
          file("msp/keystore/priv_sk"),
        ),
      "error",
      "msp",
      /is the private key of/i,
    ],
    [
      "a certificate of another CA",
      async ({ file }, t) => {
        const other = await foreign(t);
        const [name = ""] = await readdir(other.file("msp/signcerts"));
        await rm(file("msp/signcerts"), { recursive: true });
        await mkdir(file("msp/signcerts"));
        await copyFile(other.file(`msp/signcerts/${name}`), file("msp/signcerts/cert.pem"));
        await copyFile(other.file("msp/keystore/priv_sk"), file("msp/keystore/priv_sk"));
      },
      "error",
      "msp",
      /refused by its own MSP \(none of the MSP's CAs .* Use one issued by a CA of this folder/i,
    ],
    [
      "a certificate that expired",
      ({ org }) =>
        renewPeerCertificate({
          organisationFolder: org.folder,
          peer: "peer0",
          nowMs: Date.now() - 120_000,
          validityMs: 60_000,
        }),
      "error",
      "msp",
      /Our own certificate expired at .* Renew it/,
    ],
    [
      "a certificate that expires soon",
      ({ org }) =>
        renewPeerCertificate({
          organisationFolder: org.folder,
          peer: "peer0",
          nowMs: Date.now(),
          validityMs: 3 * 86_400_000,
        }),
      "warning",
      "certificate",
      /it expires in (2 days|71 hours)[.;:] [Rr]enew it in time/i,
    ],
    [
      "a certificate that begins in the future",
      ({ org }) =>
        renewPeerCertificate({
          organisationFolder: org.folder,
          peer: "peer0",
          nowMs: Date.now() + 86_400_000,
        }),
      "warning",
      "clock",
      /begins in the future[.;:] Check the clock/i,
    ],
    [
      "a certificate that was revoked",
      async ({ org, file }) => {
        const [name = ""] = await readdir(file("msp/signcerts"));
        await revokeCertificate({
          organisationFolder: org.folder,
          certFile: file(`msp/signcerts/${name}`),
          nowMs: Date.now(),
        });
      },
      "error",
      "msp",
      /refused by its own MSP \(.* revoked serial number .*\)[.;:] Have a new one issued/i,
    ],
    [
      "NodeOUs that know no peers",
      configYaml((text) =>
        text.replace(/(PeerOUIdentifier:[\s\S]*?OrganizationalUnitIdentifier: )peer/, "$1pear"),
      ),
      "error",
      "msp",
      /no organisational unit says what role it has \(it has "peer"\)\)[.;:] [Hh]ave one issued with the unit/i,
    ],
    [
      "a NodeOU whose CA cannot be read",
      configYaml((text) => text.replace(/Certificate: .*/, "Certificate: cacerts/gone.pem")),
      "warning",
      "msp",
      /NodeOUs accepts the client role from any CA, since .* does not exist.*[.;:] [Cc]orrect the path in config\.yaml/i,
    ],
    [
      "neither NodeOUs nor admincerts",
      ({ file }) => rm(file("msp/config.yaml")),
      "error",
      "msp",
      /The MSP in \S+ has no administrator[.;:] [Pp]ut a certificate into admincerts/i,
    ],
    [
      "an administrator who is a peer",
      async ({ file }) => {
        const [name = ""] = await readdir(file("msp/signcerts"));
        await mkdir(file("msp/admincerts"), { recursive: true });
        await copyFile(file(`msp/signcerts/${name}`), file("msp/admincerts/a.pem"));
      },
      "error",
      "msp",
      /is no administrator of this MSP \(its organisational unit is neither/i,
    ],
    [
      "a key that others may read",
      ({ file }) => chmod(file("msp/keystore/priv_sk"), 0o644),
      "warning",
      "keys",
      /is open to other users[.;:] [Cc]hmod 600 it/i,
    ],
    [
      "a trusted organisation without a folder",
      async ({ env }) => {
        env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = "Org2MSP=/nowhere";
      },
      "error",
      "trusted-msp",
      /The MSP folder \/nowhere does not exist: correct the path/i,
    ],
    [
      "a trusted organisation without TLS CA",
      async ({ env }, t) => {
        const { org } = await foreign(t);
        await rm(join(org.mspFolder, "tlscacerts"), { recursive: true });
        env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${org.mspFolder}`;
      },
      "warning",
      "trusted-msp",
      /Org2MSP has no TLS CA .* Put its TLS CA certificate there/i,
    ],
  ];
  test("a trusted organisation that cannot be read is named, and does not count as missing", async (t) => {
    const { env } = await setUp(t);
    const { org } = await foreign(t);
    await rm(join(org.mspFolder, "config.yaml"));
    env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${org.mspFolder}`;
    const findings = await findingsOf(env);
    assertSays(findings, "error", "trusted-msp", new RegExp(`The MSP in ${org.mspFolder} has no`));
    assert.equal(findings.filter(({ check }) => check === "trusted-msp").length, 1);
  });

  for (const [name, spoil, status, check, sentence] of cases) {
    test(name, async (t) => {
      const peer = await setUp(t);
      await spoil(peer, t);
      assertSays(await findingsOf(peer.env), status, check, sentence);
    });
  }
});
