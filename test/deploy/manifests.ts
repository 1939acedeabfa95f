/** What the files under deploy/ say, for the tests that hold them to account. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

export const ROOT = join(import.meta.dirname, "../..");

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** As much of a manifest as is looked at here. */
export interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Files {
  readonly name: string;
  readonly items: readonly { readonly key: string; readonly path: string }[];
}
export interface Source {
  readonly secret?: Files;
  readonly configMap?: Files;
}
export interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly defaultMode: number };
  readonly projected?: { readonly defaultMode: number; readonly sources: readonly Source[] };
}
export interface StatefulSet {
  readonly kind: string;
  readonly spec: {
    readonly serviceName: string;
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly securityContext: object;
        readonly automountServiceAccountToken: boolean;
        readonly containers: readonly Container[];
        readonly volumes: readonly Volume[];
      };
    };
  };
}
export interface Shared {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly selector: object;
    readonly podSelector: object;
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[];
  };
}
export interface Compose {
  readonly services: Readonly<
    Record<string, { readonly environment: object; readonly user: string; readonly build: object }>
  >;
}

export function documentsIn<T>(text: string): readonly T[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    assert.deepEqual([document.errors, "warnings" in document && document.warnings], [[], []]);
    return document.toJS();
  });
}

export function statefulSetOf(peer: string): StatefulSet {
  const text = read("deploy/kubernetes/peer0.yaml").replaceAll("peer0", peer);
  const [set] = documentsIn<StatefulSet>(text);
  assert.ok(set);
  return set;
}

export const shared = documentsIn<Shared>(read("deploy/kubernetes/network.yaml"));

/** What a member is set to: what all have in common, then its own. */
export function settingsOf(set: StatefulSet): Readonly<Record<string, string>> {
  const { env, envFrom } = containerOf(set);
  const common = envFrom.flatMap(({ configMapRef }) => Object.entries(mapOf(configMapRef.name)));
  assert.ok(common.length > 0);
  const own = env.map(({ name, value }) => [name, value] as const);
  return Object.fromEntries([...common, ...own]);
}

/** What the shared ConfigMap of this name holds. */
export function mapOf(name: string): Readonly<Record<string, string>> {
  const map = shared.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === name);
  assert.ok(map, name);
  return map.data;
}

export function containerOf({ spec }: StatefulSet): Container {
  const [container] = spec.template.spec.containers;
  assert.ok(container);
  return container;
}
