/** The verbs that need no running node: checks, key material, decoding. */
import type { Command } from "commander";
import { VERSION } from "../lib/version.ts";
import type { GenerateOptions, RenewCommandOptions } from "./crypto.ts";
import type { DoctorOptions } from "./doctor.ts";
import type { ProbeCommandOptions } from "./probe.ts";
import { append, withConfiguration, withExamples } from "./words.ts";

export function addLocalVerbs(cli: Command): void {
  addDoctor(cli);
  addProbe(cli);
  addDecode(cli);
  addCrypto(cli);
  const version = cli
    .command("version")
    .description("print the version")
    .option("--json", "as JSON")
    .action(({ json }: { json?: boolean }) => {
      const text = json ? JSON.stringify({ Version: VERSION, CommitSHA: "unknown" }) : VERSION;
      process.stdout.write(`${text}\n`);
    });
  withExamples(version, ["npx fabric-gossip version --json", "as GET /version of a node"]);
}

function addDoctor(cli: Command): void {
  const verb = withConfiguration(cli.command("doctor"))
    .description("check a configuration before use; exit code 1 if it has errors")
    .option("--json", "as JSON, for programs")
    .action(async (options: DoctorOptions) => {
      process.exitCode = await (await import("./doctor.ts")).doctor(options);
    });
  withExamples(
    verb,
    [
      "npx fabric-gossip doctor --config core.yaml",
      "files, keys, certificates, names, ports, peers",
    ],
    [
      "npx fabric-gossip doctor --json | jq '.[] | select(.status != \"ok\")'",
      "what is amiss only",
    ],
  );
}

function addProbe(cli: Command): void {
  const verb = withConfiguration(cli.command("probe"))
    .description("show who answers at an endpoint, without joining the network")
    .argument("<endpoint>", "host:port")
    .option("--json", "as JSON, for programs")
    .action(async (endpoint: string, options: ProbeCommandOptions) => {
      process.exitCode = await (await import("./probe.ts")).probe(endpoint, options);
    });
  withExamples(verb, [
    "npx fabric-gossip probe peer1.org1.example.com:7051 --config core.yaml",
    "exit code 0 if we trust the peer, 1 if not, 3 if none answers",
  ]);
}

function addDecode(cli: Command): void {
  const verb = cli
    .command("decode")
    .description("print an envelope as readable JSON, with signatures and certificates")
    .argument("[envelope]", "hex, base64 or a file; standard input if - or omitted")
    .action(async (input: string | undefined) => (await import("./decode.ts")).decode(input));
  withExamples(
    verb,
    ["npx fabric-gossip decode 0a0408016a00", "an empty message"],
    ["npx fabric-gossip decode < envelope.bin", "the bytes as received"],
  );
}

function addCrypto(cli: Command): void {
  const crypto = cli
    .command("crypto")
    .description("key material in the layout of Fabric's cryptogen");
  addGenerate(crypto);
  const renew = crypto
    .command("renew")
    .description(
      "issue a new key and certificate for one peer; a running member loads them by itself",
    )
    .argument("<peer>", "peer0, or peer0.org1.example.com")
    .requiredOption("--org <folder>", "the organisation's folder, as printed by generate")
    .option("--tls", "its TLS certificate as well")
    .option("--days <n>", "validity in days (default: 10 years)")
    .action(async (peer: string, options: RenewCommandOptions) =>
      (await import("./crypto.ts")).renewCrypto(peer, options),
    );
  withExamples(renew, [
    "npx fabric-gossip crypto renew peer0 --org crypto-config/peerOrganizations/org1.example.com",
    "valid for ten years from now",
  ]);
  const revoke = crypto
    .command("revoke")
    .description("add a certificate to its organisation's revocation list")
    .argument("<certificate>", "PEM file, for example .../peers/peer1.../msp/signcerts/...pem")
    .requiredOption("--org <folder>", "the organisation's folder, as printed by generate")
    .action(async (certificate: string, options: { org: string }) =>
      (await import("./crypto.ts")).revokeCrypto(certificate, options),
    );
  withExamples(revoke, [
    "npx fabric-gossip crypto revoke cert.pem --org crypto-config/peerOrganizations/org1.example.com",
    "running members reload the list on SIGHUP",
  ]);
}

function addGenerate(crypto: Command): void {
  const generate = crypto
    .command("generate")
    .description("create organisations with a CA, TLS CA, peers, an admin and users")
    .option(
      "--output <folder>",
      "output folder; existing files are never overwritten",
      "crypto-config",
    )
    .option("--org <domain>", "organisation; may be repeated (default: org1.example.com)", append)
    .option("--peers <n>", "peers of each organisation", "2")
    .option("--users <n>", "users of each organisation besides Admin", "1")
    .option("--san <name>", "name or address in TLS certificates; may be repeated", append)
    .action(async (options: GenerateOptions) =>
      (await import("./crypto.ts")).generateCrypto(options),
    );
  withExamples(generate, [
    "npx fabric-gossip crypto generate --org org1.example.com --org org2.example.com --san localhost",
    "two organisations in crypto-config, for tests on this machine",
  ]);
}
