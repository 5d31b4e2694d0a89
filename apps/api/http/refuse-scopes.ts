import { NotImplementedError } from '#libs/contracts/index.js';

/**
 * Scopes other than the root are not part of this version. They narrow who sees what, so they are refused rather
 * than ignored. @throws NotImplementedError
 */
export function refuseScopes(field: string, scopes: readonly (readonly string[])[] | undefined): void {
  const named = (scopes ?? []).flat().filter((path) => path.replaceAll('/', '') !== '');
  if (named.length > 0)
    throw new NotImplementedError(`\`${field}\` is not part of this version; leave it out to use the root scope.`);
}
