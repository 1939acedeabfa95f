/** The files under deploy/, as far as they can be held to account without Docker and a cluster. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ALL_KEYS } from "../../src/config/keys.ts";
import { envName } from "../../src/config/source.ts";
import {
  type Compose,
  containerOf,
  documentsIn,
  ROOT,
  read,
  settingsOf,
  shared,
  statefulSetOf,
} from "./manifests.ts";

const VARIABLES = new Set(ALL_KEYS.flatMap(({ name, env }) => [envName(name), ...env]));

describe("the Dockerfile", () => {
  const lines = read("deploy/Dockerfile").replaceAll("\\\n", "").split("\n");
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));

  test("ends in a slim image of a Node.js that we support, and not as root", () => {
    const major = /^FROM node:(\d+)-slim$/.exec(last[0] ?? "")?.[1];
    assert.ok(Number(major) >= 24, last[0]);
    assert.match(last.find((line) => line.startsWith("USER ")) ?? "", /^USER [1-9]\d*:[1-9]\d*$/);
  });

  test("copies only what there is, and starts what the package calls its program", () => {
    const copied = lines
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(" ").slice(1, -1));
    const ignored = read("deploy/Dockerfile.dockerignore").split("\n");
    assert.ok(copied.length >= 6);
    for (const path of copied) {
      assert.equal(globSync(path, { cwd: ROOT }).length, 1, path);
      assert.ok(ignored.includes(`!${path}`), `${path} is not sent to the builder`);
    }
    const { bin }: { bin: Record<string, string> } = JSON.parse(read("package.json"));
    const program = join("/app", bin["fabric-gossip"] ?? "");
    assert.ok(last.includes(`ENTRYPOINT ["node", "${program}"]`));
  });

  test("exposes our ports and asks for our health", () => {
    assert.ok(last.includes("EXPOSE 7051 9443"));
    assert.ok(last.some((line) => line.includes("http://127.0.0.1:9443/healthz")));
  });
});

describe("the Compose file", () => {
  const [compose] = documentsIn<Compose>(read("deploy/compose.yaml"));
  const services = Object.entries(compose?.services ?? {});

  test("sets only variables that we know", () => {
    assert.equal(services.length, 3);
    for (const [, { environment }] of services) {
      assert.deepEqual(unknownAmong(Object.keys(environment)), []);
    }
  });

  test("runs nobody as root, and builds the image that there is", () => {
    for (const [name, { user, build }] of services) {
      assert.equal(user, `\${FABRIC_GOSSIP_USER:-1000:1000}`, name);
      assert.deepEqual(build, { context: "..", dockerfile: "deploy/Dockerfile" });
    }
  });
});

function unknownAmong(names: readonly string[]): readonly string[] {
  return names.filter((name) => !VARIABLES.has(name));
}

describe("the Kubernetes manifests", () => {
  const set = statefulSetOf("peer0");
  const { spec } = set.spec.template;
  const container = containerOf(set);
  const settings = settingsOf(set);

  test("set only variables that we know", () => {
    assert.deepEqual(unknownAmong(Object.keys(settings)), []);
  });

  test("have the same ports in settings, container, probes, service and policy", () => {
    const named = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
    assert.equal(settings["CORE_PEER_LISTENADDRESS"], `0.0.0.0:${named.get("gossip")}`);
    assert.equal(settings["CORE_OPERATIONS_LISTENADDRESS"], `0.0.0.0:${named.get("operations")}`);
    for (const { httpGet } of [container.readinessProbe, container.livenessProbe]) {
      assert.ok(named.has(httpGet.port));
    }
    const service = shared.find(({ kind }) => kind === "Service");
    assert.equal(service?.metadata.name, set.spec.serviceName);
    for (const { port, targetPort } of service?.spec.ports ?? []) {
      assert.equal(named.get(targetPort), port);
    }
  });

  test("are ready when they have a view, and found before that", () => {
    assert.equal(container.readinessProbe.httpGet.path, "/readyz");
    assert.equal(container.livenessProbe.httpGet.path, "/version");
    const service = shared.find(({ kind }) => kind === "Service");
    assert.partialDeepStrictEqual(service?.spec, {
      clusterIP: "None",
      publishNotReadyAddresses: true,
    });
    const gossip = service?.spec.ports[0]?.port;
    const name = `${service?.metadata.name}:${gossip}`;
    assert.equal(settings["CORE_FABRICGOSSIP_BOOTSTRAPNAMES"], name);
  });

  test("select the members, all of them, wherever something is selected", () => {
    const labels = Object.entries(set.spec.template.metadata.labels);
    const selecting = shared.filter(({ kind }) => kind !== "ConfigMap");
    assert.equal(selecting.length, 3);
    for (const { kind, spec } of selecting) {
      const { matchLabels, ...plain }: { matchLabels?: object } = spec.selector ?? spec.podSelector;
      const wanted = Object.entries(matchLabels ?? plain);
      assert.ok(wanted.length > 0, kind);
      for (const pair of wanted) {
        assert.ok(
          labels.some((label) => String(label) === String(pair)),
          kind,
        );
      }
    }
  });

  test("give no privilege: not root, nothing writable but the state, no token", () => {
    assert.partialDeepStrictEqual(spec.securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.equal(spec.automountServiceAccountToken, false);
    for (const { secret, projected } of spec.volumes) {
      assert.equal((secret ?? projected)?.defaultMode, 0o440);
    }
    const volumes = [...spec.volumes.map(({ name }) => name), "state"];
    assert.deepEqual(
      container.volumeMounts.map(({ name }) => name),
      volumes,
    );
    assert.equal(set.spec.volumeClaimTemplates[0]?.metadata.name, "state");
  });
});
