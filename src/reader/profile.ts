/** Fabric's connection profile: where peers are, and which CA their TLS certificates come from. */
import { dirname, resolve } from "node:path";
import { isMap, isScalar, isSeq } from "yaml";
import { decodeText, EncodingError } from "../lib/decode-text.ts";
import { formatHostPort, parseHostPort } from "../lib/host-port.ts";
import { printable } from "../lib/printable.ts";
import { readInput } from "../lib/read-input.ts";
import { yamlFault } from "../lib/yaml-fault.ts";
import { parseYaml } from "../lib/yaml-text.ts";
import { certificatesOf } from "../msp/plain-pem.ts";

/** One peer of a profile. */
export interface ProfilePeer {
  /** Its key in the profile; often its host name. */
  readonly name: string;
  readonly endpoint: string;
  /** Undefined: `grpc://`, no TLS. */
  readonly tls: { readonly rootCas: readonly Buffer[]; readonly serverName?: string } | undefined;
  /** The organisation that lists it; undefined if none does. */
  readonly mspId: string | undefined;
}

interface Profile {
  readonly peers: readonly ProfilePeer[];
  /** MSP id of `client.organization`; undefined if the profile names none. */
  readonly mspId: string | undefined;
}

/** Peers of one profile. */
const PEERS_MAX = 200;
const PROFILE_BYTES_MAX = 4_194_304;
/** Of 300 peers a YAML file has 7,000, one in JSON 24,000; the latter has no errors, which take most of the time. */
const MARKS_MAX = 20_000;
const JSON_MARKS_MAX = 50_000;

const URL_PARTS = /^(grpcs?):\/\/(.*?)\/?$/i;

type Json = { readonly [key: string]: unknown };

/** Reads JSON or YAML. Adds problems to the list; the result is usable only without problems. */
export async function readProfile(file: string, problems: string[]): Promise<Profile> {
  const none: Profile = { peers: [], mspId: undefined };
  const bytes = await readInput("--profile", file, problems, PROFILE_BYTES_MAX, "the profile");
  if (bytes === undefined) return none;
  const profile = parse(file, bytes, problems);
  if (profile === undefined) return none;
  const organisations = entries(profile["organizations"]);
  const owners = new Map<string, string>();
  for (const [, organisation] of organisations) {
    const { mspid, peers } = organisation;
    if (typeof mspid !== "string" || !Array.isArray(peers)) continue;
    for (const name of peers) owners.set(String(name), mspid);
  }
  const peers: ProfilePeer[] = [];
  const found = entries(profile["peers"]);
  if (found.length === 0) problems.push(`${file} lists no peers: give a profile that has "peers".`);
  if (found.length > PEERS_MAX)
    problems.push(`${file} lists more than ${PEERS_MAX} peers: remove some.`);
  for (const [name, peer] of found.slice(0, PEERS_MAX)) {
    const read = await readPeer(file, name, peer, problems);
    if (read !== undefined) peers.push({ ...read, mspId: owners.get(name) });
  }
  return { peers, mspId: clientMspId(profile, organisations) };
}

function clientMspId(
  profile: Json,
  organisations: readonly (readonly [string, Json])[],
): string | undefined {
  const { organization } = asJson(profile["client"]) ?? {};
  const [, own] = organisations.find(([name]) => name === organization) ?? [];
  const mspId = own?.["mspid"];
  return typeof mspId === "string" ? mspId : undefined;
}

function parse(file: string, bytes: Buffer, problems: string[]): Json | undefined {
  let text = "";
  try {
    text = decodeText(bytes, { strict: true });
    // The parser compares each key with all others of its map.
    const options = { logLevel: "error", uniqueKeys: false } as const;
    const document = parseYaml(text, isJson(text) ? JSON_MARKS_MAX : MARKS_MAX, options);
    if (typeof document === "string") {
      problems.push(`${file} ${document}: give a connection profile.`);
      return undefined;
    }
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const fault = keyFault(document.contents);
    if (fault !== undefined) throw new Error(fault);
    const json = asJson(document.toJS({ maxAliasCount: 100 }));
    if (json === undefined) throw new Error("it is no mapping");
    return json;
  } catch (error) {
    const why = error instanceof EncodingError ? error.message : yamlFault(error, text);
    problems.push(`${file} is no connection profile in JSON or YAML (${why}): correct the file.`);
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The library makes texts of keys that are lists or maps; of some hundred within each other it never comes to an end. */
function keyFault(node: unknown): string | undefined {
  if (isSeq(node)) return firstOf(node.items, keyFault);
  if (!isMap(node)) return undefined;
  const keys = new Set<string>();
  return firstOf(node.items, ({ key, value }) => {
    if (!isScalar(key)) return "a key is no text";
    const name = String(key.value);
    if (keys.has(name)) return `the key ${printable(name.slice(0, 100))} is given twice`;
    keys.add(name);
    return keyFault(value);
  });
}

/** The first result that is not undefined. */
function firstOf<Item>(
  items: readonly Item[],
  find: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function readPeer(
  file: string,
  name: string,
  peer: Json,
  problems: string[],
): Promise<Omit<ProfilePeer, "mspId"> | undefined> {
  const { url } = peer;
  const where = `${file}: peer ${name}`;
  const [, scheme = "", rest = ""] = URL_PARTS.exec(String(url ?? "")) ?? [];
  const address = parseHostPort(rest);
  if (scheme === "" || address === undefined || address.host === "" || address.port === 0) {
    problems.push(`${where} has no url like grpcs://host:port: correct it.`);
    return undefined;
  }
  const endpoint = formatHostPort(address);
  if (scheme.toLowerCase() === "grpc") return { name, endpoint, tls: undefined };
  const rootCas = await readAuthorities(file, where, asJson(peer["tlsCACerts"]), problems);
  const options = asJson(peer["grpcOptions"]) ?? {};
  const override = options["ssl-target-name-override"] ?? options["hostnameOverride"];
  const serverName = typeof override === "string" && override !== "" ? override : undefined;
  return { name, endpoint, tls: { rootCas, ...(serverName === undefined ? {} : { serverName }) } };
}

/** `pem` is a text or a list of texts; `path` names a file relative to the profile's folder. */
async function readAuthorities(
  file: string,
  where: string,
  given: Json | undefined,
  problems: string[],
): Promise<readonly Buffer[]> {
  const pems: Buffer[] = [];
  for (const pem of [given?.["pem"] ?? []].flat()) {
    const found = usable(Buffer.from(String(pem)), `${where}, tlsCACerts.pem`, problems);
    // The list may be long, and what is wrong with one is often wrong with all.
    if (found.length === 0) break;
    pems.push(...found);
  }
  const path = given?.["path"];
  if (typeof path === "string" && path !== "") {
    const full = resolve(dirname(file), path);
    const what = `${where}, tlsCACerts.path`;
    const bytes = await readInput(what, full, problems);
    return bytes === undefined ? pems : [...pems, ...usable(bytes, `${what} ${full}`, problems)];
  }
  if (pems.length === 0 && given?.["pem"] === undefined) {
    problems.push(
      `${where} has no tlsCACerts with a pem or path: add the CA of its TLS certificate.`,
    );
  }
  return pems;
}

function usable(pem: Buffer, what: string, problems: string[]): readonly Buffer[] {
  const found = certificatesOf(pem, "pool");
  if (typeof found !== "string") return [found];
  problems.push(`${what} cannot be used: ${found}.`);
  return [];
}

function entries(value: unknown): readonly (readonly [string, Json])[] {
  return Object.entries(asJson(value) ?? {}).flatMap(([name, entry]) => {
    const json = asJson(entry);
    return json === undefined ? [] : [[name, json] as const];
  });
}

function asJson(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? { ...value }
    : undefined;
}
