/** What Go's TLS says of 420 chains, anchors, names, usages and keys, in both roles, and what we say. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { TlsFiles } from "../../src/transport/grpc-options.ts";
import { clientOptions, serverContext, useServerContext } from "../../src/transport/grpc-tls.ts";

/** Who shows `chain` and `key` to whom: a server to a dialler of `host`, or a client to a server. */
interface Cell {
  readonly name: string;
  readonly role: "server" | "client";
  readonly host?: string;
  readonly chain: readonly string[];
  readonly key: string;
  readonly pool: readonly string[];
  readonly accepts: boolean;
}

/** DER in base64; keys are PKCS#8, made for these cells only. */
const { certificates, keys, cells } = JSON.parse(
  readFileSync(new URL("../vectors/tls.json", import.meta.url), "utf8"),
) as Readonly<Record<"certificates" | "keys", Readonly<Record<string, string>>>> & {
  readonly cells: readonly Cell[];
};

const pem = (label: string, base64 = ""): Buffer =>
  Buffer.from(
    `-----BEGIN ${label}-----\n${base64.replaceAll(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`,
  );
const certificatesOf = (ids: readonly string[]): readonly Buffer[] =>
  ids.map((id) => pem("CERTIFICATE", certificates[id]));
const shownIn = ({ chain, key }: Cell): Pick<TlsFiles, "cert" | "key"> => ({
  cert: Buffer.concat(certificatesOf(chain)),
  key: pem("PRIVATE KEY", keys[key]),
});

const [plain] = cells;
assert(plain?.accepts);
/** The side that is not judged. */
const other = { ...shownIn(plain), clientRootCas: [], clientAuthRequired: false };
const otherRoots = certificatesOf(plain.pool);
const otherHost = "peer.example.com";

function filesOf(cell: Cell): { readonly server: TlsFiles; readonly client: TlsFiles } {
  const shown = { ...other, ...shownIn(cell), rootCas: otherRoots };
  const pool = certificatesOf(cell.pool);
  return cell.role === "server"
    ? { server: shown, client: { ...other, rootCas: pool } }
    : {
        server: { ...other, rootCas: [], clientRootCas: pool, clientAuthRequired: true },
        client: shown,
      };
}

/** Shakes hands; whether the judge lets the first byte through. */
async function accepts(cell: Cell): Promise<boolean> {
  const { server: serverFiles, client } = filesOf(cell);
  const server = createServer({
    ...serverContext(serverFiles),
    ALPNProtocols: ["h2"],
    requestCert: true,
    rejectUnauthorized: serverFiles.clientAuthRequired,
  });
  useServerContext(server, serverFiles);
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", () => {}); // The dialler is content or not; it says so itself.
    socket.end("x");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const host = cell.host ?? otherHost;
  const socket = connect({ ...clientOptions(client, host), host: "127.0.0.1", port });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
    });
  } finally {
    socket.destroy();
    server.close();
  }
}

/** What OpenSSL refuses and Go takes: nobody issues such certificates for peers. */
const STRICTER: readonly RegExp[] = [
  /^both cross-signed sent, /,
  /^any /,
  /extended key usage any$/,
  /^self-signed CA as leaf in pool$/,
  /^leaf with key usage (keyEncipherment|certSign|contentCommitment|dataEncipherment)$/,
  /authority key identifier (missing|of another)$/,
  /^root renewed with another subject key identifier$/,
  /with a key rsa1024/,
];
/** An anchor without basic constraints: the user's own file says that it is trusted. */
const LAXER: readonly RegExp[] = [/^(root|anchor intermediate) with no basic constraints$/];

describe("TLS certificates are judged as Go judges them", () => {
  for (const cell of cells) {
    const known = cell.accepts ? STRICTER : LAXER;
    if (known.some((pattern) => pattern.test(cell.name))) continue;
    const judge = cell.role === "server" ? "a dialler" : "a server";
    const host = cell.host === undefined ? "" : ` (${cell.host})`;
    test(`${judge} ${cell.accepts ? "takes" : "refuses"}: ${cell.name}${host}`, async () => {
      assert.equal(await accepts(cell), cell.accepts);
    });
  }
});
