import { VERBS } from '#libs/contracts/index.js';

export interface BuiltInPrincipal {
  readonly id: string;
  readonly kind: 'service' | 'human';
  readonly displayName: string;
  readonly grants: Readonly<Record<string, readonly string[]>>;
}

/** Every verb everywhere: what keys carry until grants can be narrowed. */
const ALL_GRANTS = Object.fromEntries(VERBS.map((verb) => [verb, ['*']]));

/** The principals that every Context begins with: the service itself, and its first administrator. */
export const BUILT_IN_PRINCIPALS: readonly BuiltInPrincipal[] = [
  { id: 'system', kind: 'service', displayName: 'system', grants: ALL_GRANTS },
  { id: 'admin', kind: 'human', displayName: 'admin', grants: ALL_GRANTS },
];
