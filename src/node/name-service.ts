/** Asks DNS where names lead. */
import { lookup, Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import {
  type BootstrapName,
  formatResolved,
  isHostName,
  parseBootstrapName,
} from "../lib/bootstrap-name.ts";
import { reasonOf } from "../lib/errors.ts";
import { formatHostPort, parseEndpoint } from "../lib/host-port.ts";

/** Answers what names of `fabricGossip.bootstrapNames` lead to. */
export interface NameService {
  /** The IPv4 and IPv6 addresses of a host. Rejects with an error whose `code` is one of `node:dns`. */
  addresses(host: string): Promise<readonly string[]>;
  /** The hosts and ports of a service (SRV). Rejects likewise. */
  services(name: string): Promise<
    readonly {
      readonly name: string;
      readonly port: number;
      /** Without any, connections ask the system for them. */
      readonly addresses?: readonly string[];
    }[]
  >;
}

type Target = Awaited<ReturnType<NameService["services"]>>[number];

const QUERY = { timeout: 2_000, tries: 2 };
/** Targets of one service whose addresses are asked for; further ones are names for the system. */
const TARGETS_MAX = 100;

/** `servers`: `address` or `address:port`; without any, those of the system. */
export function createNameService(servers: readonly string[]): NameService {
  // Not kept: it reads the system's list of servers once.
  const resolver = (): Resolver => {
    const created = new Resolver(QUERY);
    if (servers.length > 0) created.setServers(servers);
    return created;
  };
  return {
    addresses: (host) => (servers.length > 0 ? ask(resolver(), host) : look(host)),
    services: async (name) => {
      const targets = await resolver().resolveSrv(name);
      return servers.length > 0 ? addressed(resolver(), targets) : targets;
    },
  };
}

/** Targets such as those of Consul are known to the server of their service only. */
async function addressed(
  resolver: Resolver,
  targets: readonly Target[],
): Promise<readonly Target[]> {
  const asked = targets.slice(0, TARGETS_MAX);
  const answers = await Promise.allSettled(asked.map(({ name }) => ask(resolver, name)));
  return targets.map((target, i) => {
    const answer = answers[i];
    return answer?.status === "fulfilled" ? { ...target, addresses: answer.value } : target;
  });
}

/** As connections do, with the files and search domains of the system. */
async function look(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

async function ask(resolver: Resolver, host: string): Promise<readonly string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  if (found.length > 0) return found;
  const reasons = answers.flatMap((answer) =>
    answer.status === "rejected" ? [answer.reason] : [],
  );
  // That there is none of one kind says less than that nobody answered.
  throw reasons.find((reason) => !isNobody(dnsCodeOf(reason))) ?? reasons[0];
}

/** Where a name leads; without a code it leads somewhere. */
export interface Resolution {
  /** `name/address:port`; of a target whose addresses the system knows, `host:port`. */
  readonly endpoints: readonly string[];
  /** Why it leads nowhere: a code of `node:dns`. */
  readonly code: string | undefined;
}

/** More are not looked at: contacts are few. */
const ENDPOINTS_MAX = 1_000;

export async function resolveName(service: NameService, text: string): Promise<Resolution> {
  const name = parseBootstrapName(text);
  if (name === undefined) return { endpoints: [], code: "EBADNAME" };
  try {
    const found = name.type === "host" ? await hosts(service, name) : await targets(service, name);
    const endpoints = [...new Set(found)].slice(0, ENDPOINTS_MAX);
    return { endpoints, code: endpoints.length === 0 ? "ENODATA" : undefined };
  } catch (error) {
    return { endpoints: [], code: dnsCodeOf(error) };
  }
}

async function hosts(
  service: NameService,
  { host, port }: Extract<BootstrapName, { type: "host" }>,
): Promise<readonly string[]> {
  return endpointsOf(host.replace(/\.$/, ""), port, await service.addresses(host));
}

async function targets(
  service: NameService,
  { name }: Extract<BootstrapName, { type: "service" }>,
): Promise<readonly string[]> {
  const found = await service.services(name);
  return found.flatMap((target) => {
    const host = target.name.replace(/\.$/, "");
    const endpoint = formatHostPort({ host, port: target.port });
    // A lone dot says that there is no such service.
    if (!isHostName(host) || parseEndpoint(endpoint) === undefined) return [];
    const endpoints = endpointsOf(host, target.port, target.addresses ?? []);
    return endpoints.length > 0 ? endpoints : [endpoint];
  });
}

function endpointsOf(host: string, port: number, addresses: readonly string[]): readonly string[] {
  // One with a scope is of this machine only.
  const usable = addresses.filter((address) => isIP(address) !== 0 && !address.includes("%"));
  return usable.map((address) => formatResolved({ host, address: { host: address, port } }));
}

/** Whether DNS has answered that there is nobody, rather than not at all. */
export function isNobody(code: string | undefined): boolean {
  return code === "ENOTFOUND" || code === "ENODATA";
}

function dnsCodeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? reasonOf(error.code) : "unknown";
}
