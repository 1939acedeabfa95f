/** Subject alternative names: the four types Go's verifier looks at. */
import { DerFault, type DerReader } from "./der.ts";
import { parseUriHost } from "./name-syntax.ts";

/** One name: its GeneralName number and its value as it stands. */
export interface AlternativeName {
  readonly type: number;
  readonly value: Uint8Array;
}

export const NAME_TYPE = { mail: 1, dns: 2, uri: 6, ip: 7 } as const;

const KNOWN: ReadonlySet<number> = new Set(Object.values(NAME_TYPE));

/** Whether we understand names of this kind. */
export function isKnownName({ type }: AlternativeName): boolean {
  return KNOWN.has(type);
}

/** The text of a mail address, domain or URI. */
export function textOfName({ value }: AlternativeName): string {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
}

/** GeneralName elements up to the end of the reader, of any type. */
export function readGeneralName(reader: DerReader): AlternativeName {
  const { tag, content } = reader.readAny();
  return { type: tag ^ 0x80, value: content };
}

/** The known names of a subjectAltName sequence; others are left out. */
export function readAlternativeNames(reader: DerReader): readonly AlternativeName[] {
  const names: AlternativeName[] = [];
  while (!reader.isEmpty) names.push(readGeneralName(reader));
  const known = names.filter(isKnownName);
  if (!known.every(isWellFormed)) throw new DerFault("malformed alternative name");
  return known;
}

function isWellFormed(name: AlternativeName): boolean {
  const { type, value } = name;
  if (type === NAME_TYPE.ip) return value.length === 4 || value.length === 16;
  if (!isAscii(value)) return false;
  return type !== NAME_TYPE.uri || parseUriHost(textOfName(name)) !== undefined;
}

export function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}
