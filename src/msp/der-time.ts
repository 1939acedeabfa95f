/** The two times of X.509, as strictly as Go reads them: UTCTime and GeneralizedTime. */
import { DER_TAG, DerFault, type DerReader } from "./der.ts";

/** Seconds may be left out in UTCTime only. */
const UTC = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/;
const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(Z|[+-]\d{4})$/;
const FRACTION = /\.\d*[1-9](?=[Z+-])/;

/** Maximum length of a time; longer texts are rejected. */
const TEXT_BYTES_MAX = 32;
const MINUTE_MS = 60_000;

/**
 * The next element, one of the two kinds of time, in milliseconds since the epoch. A fraction of a
 * second is passed over in a revocation list, and makes a certificate malformed.
 */
export function readTime(reader: DerReader, fraction: "refuse" | "skip" = "refuse"): number {
  const { tag, content } = reader.readAny();
  const usual = tag === DER_TAG.utcTime ? readUsualTime(content) : undefined;
  if (usual !== undefined) return usual;
  if (content.length > TEXT_BYTES_MAX) throw new DerFault("malformed time");
  const whole = Buffer.from(content).toString("latin1");
  const text = fraction === "skip" && tag !== DER_TAG.utcTime ? whole.replace(FRACTION, "") : whole;
  const parts = (tag === DER_TAG.utcTime ? UTC : GENERALIZED).exec(text);
  if (parts === null || (tag !== DER_TAG.utcTime && tag !== DER_TAG.generalizedTime)) {
    throw new DerFault("malformed time");
  }
  const [, yearText, month, day, hour, minute, second, zone = "Z"] = parts;
  const years = Number(yearText);
  // RFC 5280 section 4.1.2.5.1: two digits stand for 1950 to 2049.
  const year = tag === DER_TAG.generalizedTime ? years : years + (years >= 50 ? 1900 : 2000);
  return (
    readDate(year, Number(month), Number(day)) +
    readClock(Number(hour), Number(minute), Number(second ?? 0)) -
    readZone(zone)
  );
}

const USUAL_BYTES = 13;
const DIGIT_0 = 0x30;
const Z = 0x5a;
/** In every month, so that it need not be looked up. */
const DAYS_MIN = 28;

/** A UTCTime with seconds that ends in Z, as nearly all are; undefined: judge it in full. */
function readUsualTime(content: Uint8Array): number | undefined {
  if (content.length !== USUAL_BYTES || content[USUAL_BYTES - 1] !== Z) return undefined;
  const years = twoDigits(content, 0);
  const month = twoDigits(content, 2);
  const day = twoDigits(content, 4);
  const clock = readClock(twoDigits(content, 6), twoDigits(content, 8), twoDigits(content, 10));
  if (Number.isNaN(years + clock) || !(month >= 1 && month <= 12 && day >= 1 && day <= DAYS_MIN)) {
    return undefined;
  }
  return Date.UTC(years + (years >= 50 ? 1900 : 2000), month - 1, day) + clock;
}

/** NaN if they are none. */
function twoDigits(text: Uint8Array, at: number): number {
  const [tens, ones] = [(text[at] ?? 0) - DIGIT_0, (text[at + 1] ?? 0) - DIGIT_0];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN;
}

function readDate(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // February 30 would be in March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    throw new DerFault("no such day");
  }
  return date.getTime();
}

function readClock(hour: number, minute: number, second: number): number {
  if (hour > 23 || minute > 59 || second > 59) throw new DerFault("no such time of day");
  return ((hour * 60 + minute) * 60 + second) * 1_000;
}

/** Offset of the time zone. Zero must be written Z; like Go, 24 hours are accepted. */
function readZone(zone: string): number {
  if (zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3));
  if (hours > 24 || minutes > 59 || hours + minutes === 0) throw new DerFault("no such zone");
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS;
}
