/** First line on the SurrealDB server's stdin; the stream then stays open as the lifeline to the keeper. */
export interface SurrealServerSpec {
  readonly host: string;
  readonly port: number;
  /** `rocksdb://<folder>` */
  readonly store: string;
  readonly rootPassword: string;
}

/** What the server writes once it listens. */
export const LISTENING = 'SurrealDB (embedded) listens on';
