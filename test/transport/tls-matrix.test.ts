/** What Go's TLS says of 420 chains, anchors, names, usages and keys, in both roles, and what we say. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { certificatesIn, tlsChainFault } from "../../src/msp/tls-chain.ts";
import {
  clientOptions,
  judgeClients,
  serverFault,
  serverOptions,
  useServerContext,
} from "../../src/transport/grpc-tls.ts";
import type { TlsCredentials, TlsJudge } from "../../src/transport/tls-credentials.ts";
import { isCertifiedFor } from "../../src/transport/tls-names.ts";
import { connectTls } from "../../src/transport/tls-peer.ts";

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
const shownIn = ({ chain, key }: Cell): Pick<TlsCredentials, "cert" | "key"> => ({
  cert: Buffer.concat(certificatesOf(chain)),
  key: pem("PRIVATE KEY", keys[key]),
});

const [plain] = cells;
assert(plain?.accepts);
/** The side that is not judged. */
const other = { ...shownIn(plain), clientRootCas: [], clientAuthRequired: false };
const otherRoots = certificatesOf(plain.pool);
const otherHost = "peer.example.com";

function filesOf(cell: Cell): { readonly server: TlsCredentials; readonly client: TlsCredentials } {
  const shown = { ...other, ...shownIn(cell), rootCas: otherRoots };
  const pool = certificatesOf(cell.pool);
  return cell.role === "server"
    ? { server: shown, client: { ...other, rootCas: pool } }
    : {
        server: { ...other, rootCas: [], clientRootCas: pool, clientAuthRequired: true },
        client: shown,
      };
}

const judge: TlsJudge = (chain, anchors, use) =>
  tlsChainFault(chain, anchors, { use, atMs: Date.now() });

/** Shakes hands; whether the judge lets the first byte through. */
async function accepts(cell: Cell): Promise<boolean> {
  const { server: serverFiles, client } = filesOf(cell);
  const server = createServer(serverOptions(serverFiles, judge), (socket: TLSSocket) => {
    socket.on("error", () => {}); // The dialler is content or not; it says so itself.
    socket.end("x");
  });
  if (serverFiles.clientAuthRequired)
    judgeClients(
      server,
      () => serverFiles,
      judge,
      () => {},
    );
  useServerContext(server, serverFiles);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const host = cell.host ?? otherHost;
  const options = clientOptions(client, host);
  const socket = connectTls({ ...options, host: "127.0.0.1", port, rejectUnauthorized: false });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("secureConnect", () => {
        if (serverFault(socket, host, client, judge) !== undefined) resolve(false);
      });
      socket.once("data", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
    });
  } finally {
    socket.destroy();
    server.close();
  }
}

/** The chains as they are in files, where nothing is lost. */
function acceptsFiles({ chain, pool, role }: Cell): boolean {
  const shown = certificatesOf(chain).flatMap(certificatesIn);
  return judge(shown, certificatesOf(pool), role) === undefined;
}

/** An anchor without basic constraints: OpenSSL takes it, and it is the user's own file. */
const LAXER: readonly RegExp[] = [/^(root|anchor intermediate) with no basic constraints$/];

describe("TLS certificates are judged as Go judges them", () => {
  for (const cell of cells) {
    if (!cell.accepts && LAXER.some((pattern) => pattern.test(cell.name))) continue;
    const who = cell.role === "server" ? "a dialler" : "a server";
    const host = cell.host === undefined ? "" : ` (${cell.host})`;
    test(`${who} ${cell.accepts ? "takes" : "refuses"}: ${cell.name}${host}`, async () => {
      assert.equal(await accepts(cell), cell.accepts);
    });
  }
});

test("files are judged as Go judges what is shown, but for the names", () => {
  for (const cell of cells) {
    if (cell.role === "server" && cell.host !== otherHost) continue;
    if (cell.host !== undefined && !isCertifiedFor(cell.host, namesIn(cell))) continue;
    assert.equal(acceptsFiles(cell), cell.accepts, `${cell.role}: ${cell.name}`);
  }
});

const namesIn = ({ chain: [leaf] }: Cell): string | undefined =>
  new X509Certificate(certificatesOf([leaf ?? ""])[0] ?? "").subjectAltName;
