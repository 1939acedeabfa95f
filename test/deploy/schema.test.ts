/**
 * The files for Kubernetes against the types of its API, and of those that cert-manager and SPIRE add: a
 * misspelt or misplaced field, which a cluster would refuse or overlook, does not compile.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { documentsIn, ROOT, read } from "./manifests.ts";

/** Which type describes a kind; those of others are below, as far as we use them. */
const TYPES: Readonly<Record<string, string>> = {
  "v1 ConfigMap": 'import("kubernetes-types/core/v1").ConfigMap',
  "v1 Service": 'import("kubernetes-types/core/v1").Service',
  "apps/v1 StatefulSet": 'import("kubernetes-types/apps/v1").StatefulSet',
  "policy/v1 PodDisruptionBudget": 'import("kubernetes-types/policy/v1").PodDisruptionBudget',
  "networking.k8s.io/v1 NetworkPolicy": 'import("kubernetes-types/networking/v1").NetworkPolicy',
  "cert-manager.io/v1 Issuer": "Resource<Issuer>",
  "cert-manager.io/v1 Certificate": "Resource<Certificate>",
  "spire.spiffe.io/v1alpha1 ClusterSPIFFEID": "Resource<ClusterSpiffeId>",
  "kustomize.config.k8s.io/v1beta1 Kustomization": "Kustomization",
};

const OTHERS = `
interface Resource<S> { apiVersion: string; kind: string; metadata: { name: string }; spec: S }
interface Issuer { ca: { secretName: string } }
interface Certificate {
  secretName: string; issuerRef: { name: string; kind: "Issuer" | "ClusterIssuer" };
  commonName?: string; dnsNames?: string[]; subject?: { organizationalUnits?: string[] };
  privateKey?: {
    algorithm: "RSA" | "ECDSA" | "Ed25519"; size?: number;
    encoding: "PKCS1" | "PKCS8"; rotationPolicy: "Never" | "Always";
  };
  usages?: ("digital signature" | "key encipherment" | "server auth" | "client auth")[];
  duration?: string; renewBefore?: string;
}
interface ClusterSpiffeId {
  spiffeIDTemplate: string; dnsNameTemplates?: string[];
  podSelector?: import("kubernetes-types/meta/v1").LabelSelector;
  namespaceSelector?: import("kubernetes-types/meta/v1").LabelSelector;
}
interface Kustomization {
  apiVersion: string; kind: string; resources: string[]; patches?: { path: string }[];
}
`;

/** A patch need not say everything that a whole one must. */
const PATCHES = new Set(["deploy/spiffe/peer0.yaml"]);

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

function typed(file: string): readonly string[] {
  return documentsIn<Manifest>(read(file)).map((manifest, i) => {
    const type = TYPES[`${manifest.apiVersion} ${manifest.kind}`];
    assert.ok(type, `${file}: ${manifest.apiVersion} ${manifest.kind}`);
    const wanted = PATCHES.has(file) ? `Part<${type}>` : type;
    const name = `${file.replaceAll(/\W/g, "_")}_${i}`;
    return `export const ${name}: ${wanted} = ${JSON.stringify(manifest, null, 1)};`;
  });
}

test("every manifest has the fields that its kind has, and those that it must have", async (t) => {
  const folders = ["deploy/kubernetes", "deploy/spiffe"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
  );
  assert.ok(files.length >= 7);
  const part =
    "type Part<T> = T extends readonly (infer I)[] ? Part<I>[] : T extends object ? { [K in keyof T]?: Part<T[K]> | null } : T;";
  // Within the repository, where the packages are found.
  const folder = join(ROOT, "dist", `manifests-${process.pid}`);
  await mkdir(folder, { recursive: true });
  t.after(() => rm(folder, { recursive: true, force: true }));
  const compile = async (name: string, lines: readonly string[]): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, [part, OTHERS, ...lines].join("\n"));
    const args = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "esnext",
      "--moduleResolution",
      "bundler",
      file,
    ];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const result = await promisify(execFile)(process.execPath, [
      tsc,
      "--ignoreConfig",
      ...args,
    ]).catch((error: { stdout: string }) => error);
    return result.stdout;
  };
  const good = files.flatMap(typed);
  const spoilt = good.map((text) =>
    text
      .replace('"publishNotReadyAddresses"', '"publishNotReadyAddress"')
      .replace('"readinessProbe"', '"readynessProbe"')
      .replace('"secretName": "peer0-msp"', '"secret": "peer0-msp"')
      .replace('"dnsNameTemplates"', '"dnsNames"')
      .replace('"initContainers"', '"initContainer"'),
  );
  const [found, missed] = await Promise.all([compile("good.ts", good), compile("bad.ts", spoilt)]);
  assert.equal(found, "");
  // The check itself: each slip is found.
  const slips = ["publishNotReadyAddress", "readynessProbe", "secret", "dnsNames", "initContainer"];
  for (const slip of slips) assert.ok(missed.includes(`'"${slip}"'`), `${slip}\n${missed}`);
});
