/** Converts MSP folders to the organisation's part of a channel configuration, and to signers. */
import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { GossipError } from "../lib/errors.ts";
import { EMPTY_BYTES } from "../wire/bytes.ts";
import type { FABRIC_MSP_CONFIG } from "../wire/msp-messages.ts";
import type { Init } from "../wire/schema.ts";
import { noFindings } from "./authorities.ts";
import type { MemberFolder } from "./generate-folder.ts";
import { serializeIdentity } from "./identity.ts";
import type { MspFile, Role, UnitRuleSource } from "./msp.ts";
import { readMspFolder } from "./msp-folder.ts";
import { decodePem } from "./pem.ts";
import { createSigner } from "./signer.ts";

/**
 * What others need to judge members of an organisation, as Fabric reads it off an MSP folder
 * (`GetVerifyingMspConfig`). Throws `msp-invalid` if the folder cannot be read.
 */
export async function exportMsp(
  folder: string,
  mspId: string,
): Promise<Init<typeof FABRIC_MSP_CONFIG>> {
  const findings = noFindings();
  const material = await readMspFolder(folder, mspId, findings);
  if (findings.problems.length > 0) throw new GossipError("msp-invalid", findings.problems);
  const { roleUnits = new Map<Role, UnitRuleSource>() } = material;
  const ofRole = (role: Role) => {
    const source = roleUnits.get(role);
    return source === undefined ? {} : { [`${role}OuIdentifier`]: unitOf(source) };
  };
  return {
    name: mspId,
    rootCerts: contentOf(material.rootCerts),
    intermediateCerts: contentOf(material.intermediateCerts),
    admins: contentOf(material.adminCerts),
    revocationList: contentOf(material.revocationLists),
    organizationalUnitIdentifiers: (material.requiredUnits ?? []).map(unitOf),
    cryptoConfig: { signatureHashFamily: "SHA2", identityIdentifierHashFunction: "SHA256" },
    tlsRootCerts: contentOf(material.tlsRootCerts),
    tlsIntermediateCerts: contentOf(material.tlsIntermediateCerts),
    ...(roleUnits.size === 0
      ? {}
      : {
          fabricNodeOus: {
            enable: true,
            ...ofRole("client"),
            ...ofRole("peer"),
            ...ofRole("admin"),
            ...ofRole("orderer"),
          },
        }),
  };
}

const contentOf = (files: readonly MspFile[] = []): readonly Uint8Array[] =>
  files.map(({ bytes }) => bytes);

const unitOf = ({ unit, certificate }: UnitRuleSource) => ({
  organizationalUnitIdentifier: unit,
  certificate: certificate?.bytes ?? EMPTY_BYTES,
});

/** The signer that uses the enrolment certificate and key in these files. */
export async function readAuthor(
  mspId: string,
  { certFile, keyFile }: Pick<MemberFolder, "certFile" | "keyFile">,
): Promise<{ readonly creator: Uint8Array; sign(payload: Uint8Array): Uint8Array }> {
  const block = decodePem(await readFile(certFile));
  if (block?.type !== "CERTIFICATE") {
    throw new GossipError("msp-invalid", `${certFile} holds no certificate: generate it anew.`);
  }
  const key = createPrivateKey(await readFile(keyFile));
  return { creator: serializeIdentity(mspId, block.der).bytes, sign: createSigner(key) };
}
