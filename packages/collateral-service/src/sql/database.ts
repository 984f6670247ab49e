/** A value of a column or a parameter. */
export type SqlValue = string | number | Uint8Array | null;
/** One row by column name. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Runs statements. Parameters are `$1`, `$2` and so on, each of which stands once in a statement. */
export interface SqlConnection {
  query(sql: string, parameters?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

/** A database that several processes may share. */
export interface SqlDatabase {
  /** Reads what is committed. */
  read<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction, alone among all writers of all processes. What it resolves with is durable; when it
   * throws, nothing of it happened.
   */
  write<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T>;
  /** As {@link write}, for what no answer is made from: {@link generation} stays. */
  note<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T>;
  /** A number that is another one after every committed write of any process. */
  generation(): Promise<number>;
  close(): Promise<void>;
}
