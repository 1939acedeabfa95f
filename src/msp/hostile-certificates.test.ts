/** Certificates of strangers that are as large as an identity may be, made to take long. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { createMsp } from "./create-msp.ts";
import { contextTag, DER_TAG, encodeDer } from "./der.ts";
import { judgeByMsps, textOf } from "./judge.ts";
import type { Msp } from "./msp.ts";
import { encodePem } from "./pem.ts";
import { makeCertificate, makeExtension, materialOf, oid, seq, type Wish } from "./testing.ts";

/** An identity of 64 KiB holds a certificate of 48 KiB. */
const DER_BYTES_MAX = 48_400;
/** No event may take longer. */
const LONGEST_MS = 20;
/** The quickest of so many rounds: the first ones compile code, some collect garbage. */
const ROUNDS = 6;
/** The clock is coarse: one look would often take no time at all. */
const LOOKS = 3;

/** The processor time of this thread: what others do on the machine does not count. */
function busyMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

const text = (tag: number, value: string) => encodeDer(tag, Buffer.from(value, "latin1"));
const context = (number: number, value: string) => text(contextTag(number, false), value);
const unit = (tag: number, value: string, type = "2.5.4.11") => seq(oid(type), text(tag, value));
const set = (...parts: readonly Uint8Array[]) => encodeDer(DER_TAG.set, ...parts);

/** As many as there is room for. */
function fill(make: (i: number) => Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let bytes = 0; ; ) {
    const part = make(parts.length);
    bytes += part.length;
    if (bytes > DER_BYTES_MAX - 700) return parts;
    parts.push(part);
  }
}

/** A CA with hundreds of constraints of each kind. */
const several = (make: (i: number) => Uint8Array) =>
  Array.from({ length: 200 }, (_, i) => seq(make(i)));
const networkOf = (i: number) =>
  encodeDer(contextTag(7, false), Uint8Array.of(10, i, 0, 0, 255, 255, 0, 0));
const subtrees = (prefix: string) => [
  ...several((i) => context(2, `${prefix}${i}.example.com`)),
  ...several((i) => context(1, `${prefix}${i}.example.com`)),
  ...several((i) => context(6, `${prefix}${i}.example.com`)),
];
const constraints = makeExtension(
  "2.5.29.30",
  seq(
    encodeDer(contextTag(0, true), ...subtrees("p"), ...several(networkOf), seq(context(2, "ok"))),
    encodeDer(contextTag(1, true), ...subtrees("x")),
  ),
  true,
);
const demands = makeExtension("2.5.29.36", seq(encodeDer(0x80, Uint8Array.of(0))), true);
const anyPolicy = makeExtension("2.5.29.32", seq(seq(oid("2.5.29.32.0"))));
const root = makeCertificate({ commonName: "root", isCa: true });
const strict = makeCertificate({
  commonName: "strict",
  isCa: true,
  issuer: root,
  extensions: [constraints, demands, anyPolicy],
});
const file = { name: "strict.pem", bytes: strict.pem };
const strictMsp = createMsp(materialOf([root], { intermediateCerts: [file] }));
/** Nothing stands between a certificate and the rules of its organisational units. */
const plainMsp = createMsp(materialOf([root]));

const names = (...list: readonly Uint8Array[]) => makeExtension("2.5.29.17", seq(...list));
const policy = (i: number) => seq(oid(`1.2.${i + 1}`));
const widths: Readonly<Record<string, Partial<Wish>>> = {
  "alternative names: domains": { extensions: [names(...fill((i) => context(2, `a${i}.ok`)))] },
  "alternative names: short ones": { extensions: [names(...fill(() => context(2, "a")))] },
  "alternative names: addresses": {
    extensions: [names(...fill((i) => encodeDer(0x87, Uint8Array.of(10, i & 127, 1, 1))))],
  },
  "alternative names: mail": {
    extensions: [names(...fill((i) => context(1, `${i}@p1.example.com`)))],
  },
  "alternative names: URIs": {
    extensions: [names(...fill((i) => context(6, `a://p1.example.com/${i}`)))],
  },
  "alternative names: short URIs": { extensions: [names(...fill(() => context(6, "a:")))] },
  "alternative names: one of 24,000 labels": {
    extensions: [names(context(2, `${"a.".repeat(23_000)}ok`))],
  },
  "alternative names: a URI of escapes": {
    extensions: [names(context(6, `a://p1.example.com/${"%41".repeat(15_000)}`))],
  },
  "alternative names: a host of escapes": {
    extensions: [names(context(6, `a://${"%25".repeat(15_000)}/`))],
  },
  "alternative names: brackets": { extensions: [names(context(6, `a://${"[".repeat(46_000)}`))] },
  "alternative names: a zone": {
    extensions: [names(context(6, `a://[::1${"%25".repeat(15_000)}]`))],
  },
  "alternative names: number signs": { extensions: [names(context(6, "#".repeat(46_000)))] },
  "alternative names: quoted mail": {
    extensions: [names(context(1, `"${"\\a".repeat(23_000)}"@p1.example.com`))],
  },
  "extensions nobody knows": {
    extensions: fill((i) => makeExtension(`1.2.${i}`, Uint8Array.of())),
  },
  policies: { extensions: [makeExtension("2.5.29.32", seq(...fill(policy)))] },
  "policy mappings": {
    extensions: [
      anyPolicy,
      makeExtension("2.5.29.33", seq(...fill((i) => seq(oid(`1.2.${i}`), oid("1.3"))))),
    ],
  },
  usages: { extensions: [makeExtension("2.5.29.37", seq(...fill(() => oid("1.2"))))] },
  constraints: {
    extensions: [
      makeExtension("2.5.29.30", seq(encodeDer(0xa0, ...fill((i) => seq(context(2, `${i}`)))))),
    ],
  },
  "an identifier": {
    extensions: [makeExtension(`1.2${".3".repeat(46_000)}`, Uint8Array.of(), true)],
  },
  "an RSA key": { keys: generateKeyPairSync("rsa", { modulusLength: 512 }) },
};

const subjects: Readonly<Record<string, Uint8Array>> = {
  "one set of units": seq(set(...fill(() => unit(DER_TAG.utf8String, "u")))),
  "a set for each unit": seq(...fill(() => set(unit(DER_TAG.utf8String, "u")))),
  "units that are roles": seq(...fill(() => set(unit(DER_TAG.printableString, "peer")))),
  "one set of strings of two bytes": seq(set(...fill(() => unit(DER_TAG.bmpString, "\0a")))),
  "one set of UTF-8": seq(set(...fill(() => unit(DER_TAG.utf8String, "\xc3\xa9")))),
  "one set of control characters": seq(set(...fill(() => unit(DER_TAG.utf8String, "\x1b")))),
  "one set of common names": seq(set(...fill(() => unit(DER_TAG.utf8String, "u", "2.5.4.3")))),
  "a long unit": seq(set(unit(DER_TAG.utf8String, '"'.repeat(47_000)))),
  "a long unit of escapes": seq(set(unit(DER_TAG.utf8String, "\x01".repeat(47_000)))),
  "a long common name": seq(set(unit(DER_TAG.utf8String, "a.".repeat(23_000), "2.5.4.3"))),
  "a long type": seq(set(unit(DER_TAG.utf8String, "x", `1.2${".3".repeat(47_000)}`))),
  "empty sets": seq(...fill(() => set())),
};

describe("no certificate takes 20 ms to judge", () => {
  const check = (name: string, msp: Msp, wish: Partial<Wish>) =>
    test(name, () => {
      const { der } = makeCertificate({
        commonName: "p",
        units: ["peer"],
        issuer: msp === strictMsp ? strict : root,
        ...wish,
      });
      assert(der.length < DER_BYTES_MAX + 1_000, `${der.length}`);
      const pem = encodePem("CERTIFICATE", der);
      let quickestMs = Number.POSITIVE_INFINITY;
      for (let round = 0; round < ROUNDS; round++) {
        const startMs = busyMs();
        for (let i = 0; i < LOOKS; i++) judgeByMsps([msp], "OrgMSP", textOf(pem));
        quickestMs = Math.min(quickestMs, (busyMs() - startMs) / LOOKS);
      }
      assert(quickestMs < LONGEST_MS, `${quickestMs} ms`);
    });
  for (const [name, wish] of Object.entries(widths)) check(`many ${name}`, strictMsp, wish);
  for (const [name, subject] of Object.entries(subjects))
    check(`subject: ${name}`, plainMsp, { subject });
});
