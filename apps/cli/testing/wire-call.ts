/** A request that passed the schemas of the contracts. */
export interface WireCall {
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly upload?: { metadata: unknown; file: File; bytes: Uint8Array };
}
