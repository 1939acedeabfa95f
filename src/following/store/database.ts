/** One database: blocks by number, transactions by a key of their id, the current configuration. */
import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type {
  Extent,
  Glimpse,
  KeptBlock,
  StoredBlock,
  TransactionPlace,
} from "./store-messages.ts";

/**
 * `place`: block number and position, so that the oldest are adjacent. Two ids with one key both
 * have rows.
 */
const SCHEMA = `
  pragma page_size = 16384;
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma cache_size = -8192;
  create table if not exists block (number integer primary key, note text not null, bytes blob not null);
  create table if not exists place (place integer primary key, key integer not null);
  create index if not exists place_by_key on place (key);
  create table if not exists configuration (only integer primary key, bytes blob not null);
`;
/** Transactions in a block are fewer (\`TRANSACTIONS_MAX\`). */
const POSITION_BITS = 16n;

export class Database {
  readonly #database: DatabaseSync;
  readonly #keepBlocks: bigint;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;

  constructor(file: string, keepBlocks: number) {
    this.#database = new DatabaseSync(file);
    this.#keepBlocks = BigInt(keepBlocks);
    try {
      this.#database.exec(SCHEMA);
      const prepare = (sql: string): StatementSync => {
        const statement = this.#database.prepare(sql);
        statement.setReadBigInts(true);
        return statement;
      };
      this.#statements = {
        extent: prepare(STATEMENTS.extent),
        addBlock: prepare(STATEMENTS.addBlock),
        addPlace: prepare(STATEMENTS.addPlace),
        setConfiguration: prepare(STATEMENTS.setConfiguration),
        configuration: prepare(STATEMENTS.configuration),
        read: prepare(STATEMENTS.read),
        find: prepare(STATEMENTS.find),
        dropBlocks: prepare(STATEMENTS.dropBlocks),
        dropPlaces: prepare(STATEMENTS.dropPlaces),
      };
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  extent(): Extent {
    return extentOf(this.#statements.extent);
  }

  /** All or nothing; on disk when it returns. */
  append(blocks: readonly KeptBlock[], configuration: Uint8Array | undefined): Extent {
    const { addBlock, addPlace, setConfiguration } = this.#statements;
    try {
      this.#database.exec("begin immediate");
      for (const { number, bytes, note, keys } of blocks) {
        addBlock.run(number, note, bytes);
        for (const [i, key] of keys.entries()) {
          if (key !== undefined) addPlace.run((number << POSITION_BITS) | BigInt(i), key);
        }
      }
      if (configuration !== undefined) setConfiguration.run(configuration);
      this.#prune();
      this.#database.exec("commit");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      if (this.#isOfTwoWriters(error, blocks)) throw new Error(TWO_WRITERS, { cause: error });
      throw error;
    }
    return this.extent();
  }

  /** At least one block, if present, within a limit of bytes. */
  read(from: bigint, to: bigint, bytesMax: number): readonly StoredBlock[] {
    const found: StoredBlock[] = [];
    let [next, sum] = [from, 0];
    for (const { number, note, bytes } of this.#statements.read.iterate(from, to)) {
      if (number !== next || !(bytes instanceof Uint8Array)) break;
      sum += bytes.length;
      if (found.length > 0 && sum > bytesMax) break;
      found.push({ bytes, note: String(note) });
      next++;
    }
    return found;
  }

  /** The oldest first. */
  find(key: bigint): readonly TransactionPlace[] {
    return this.#statements.find.all(key).flatMap(({ place }) => {
      if (typeof place !== "bigint") return [];
      const index = Number(place & ((1n << POSITION_BITS) - 1n));
      return [{ number: place >> POSITION_BITS, index }];
    });
  }

  configuration(): Uint8Array | undefined {
    const bytes = this.#statements.configuration.get()?.["bytes"];
    return bytes instanceof Uint8Array ? bytes : undefined;
  }

  close(): void {
    this.#database.close();
  }

  /** SQLITE_BUSY, or SQLITE_CONSTRAINT where a block that we lacked is there. */
  #isOfTwoWriters(error: unknown, blocks: readonly KeptBlock[]): boolean {
    const code = resultCodeOf(error);
    const isThere = ({ number }: KeptBlock): boolean => this.read(number, number, 0).length > 0;
    return code === 5 || (code === 19 && blocks.some(isThere));
  }

  #prune(): void {
    const { first, height } = this.extent();
    if (this.#keepBlocks === 0n || first === undefined || height === undefined) return;
    const bound = height - this.#keepBlocks;
    if (first >= bound) return;
    this.#statements.dropBlocks.run(bound);
    this.#statements.dropPlaces.run(bound << POSITION_BITS);
  }
}

const TWO_WRITERS = "another process keeps blocks in the same folder";

/** What SQLite says of an error, without details; 0 of others. */
export function resultCodeOf(error: unknown): number {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
}

function extentOf(statement: StatementSync): Extent {
  const row = statement.get();
  const [first, last] = [row?.["first"], row?.["last"]];
  if (typeof first !== "bigint" || typeof last !== "bigint") {
    return { first: undefined, height: undefined };
  }
  return { first, height: last + 1n };
}

/** Reads what there is, and leaves no file behind: another user may run the member. */
export function lookInto(file: string): Glimpse {
  const url = pathToFileURL(file);
  // Without a log nobody writes; a log that is there is read, too.
  if (!existsSync(`${file}-wal`)) url.search = "?immutable=1";
  const database = new DatabaseSync(url, { readOnly: true });
  try {
    const statement = database.prepare(STATEMENTS.extent);
    statement.setReadBigInts(true);
    const bytes = database.prepare(STATEMENTS.configuration).get()?.["bytes"];
    const configuration = bytes instanceof Uint8Array ? bytes : undefined;
    return { ...extentOf(statement), configuration };
  } finally {
    database.close();
  }
}

const STATEMENTS = {
  extent:
    "select (select min(number) from block) as first, (select max(number) from block) as last",
  addBlock: "insert into block values (?, ?, ?)",
  addPlace: "insert into place values (?, ?)",
  setConfiguration: "insert or replace into configuration values (0, ?)",
  configuration: "select bytes from configuration",
  read: "select number, note, bytes from block where number between ? and ? order by number",
  find: "select place from place where key = ? order by place",
  dropBlocks: "delete from block where number < ?",
  dropPlaces: "delete from place where place < ?",
};
