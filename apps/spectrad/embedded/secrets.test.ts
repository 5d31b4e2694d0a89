import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadOrCreateSecrets } from './secrets.js';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'spectra-secrets-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

describe('loadOrCreateSecrets', () => {
  it('makes three different secrets that only the owner can read, and nothing beside them', () => {
    const secrets = loadOrCreateSecrets(dataDir);
    expect(new Set(Object.values(secrets)).size).toBe(3);
    expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['secrets.json']);
  });

  it('returns the same secrets on every later call and in another data directory others', () => {
    const first = loadOrCreateSecrets(dataDir);
    expect(loadOrCreateSecrets(dataDir)).toEqual(first);
    const other = mkdtempSync(join(tmpdir(), 'spectra-secrets-'));
    expect(loadOrCreateSecrets(other)).not.toEqual(first);
    rmSync(other, { recursive: true });
  });

  it('closes a file that others could read', () => {
    loadOrCreateSecrets(dataDir);
    chmodSync(join(dataDir, 'secrets.json'), 0o644);
    loadOrCreateSecrets(dataDir);
    expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
  });

  it('refuses a damaged file instead of locking the engines out with new secrets', () => {
    writeFileSync(join(dataDir, 'secrets.json'), '{');
    expect(() => loadOrCreateSecrets(dataDir)).toThrow(/secrets\.json is damaged/);
  });
});
