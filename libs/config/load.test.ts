import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, loadSettings } from './load.js';

function problems(env: Record<string, string>): string[] {
  try {
    loadSettings(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.issues.map((issue) => issue.path).sort();
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('has defaults for everything that a local start needs', () => {
    expect(loadSettings({ HOME: '/home/someone' })).toMatchObject({
      SPECTRA_DATA_DIR: resolve('.spectra'),
      SPECTRA_CONTEXT_ID: 'demo',
      SPECTRA_MAX_UPLOAD_BYTES: 50 * 1024 * 1024,
      SPECTRA_CACHE_DIR: join('/home/someone', '.cache', 'spectra'),
    });
    expect(loadSettings({ XDG_CACHE_HOME: '/cache' }).SPECTRA_CACHE_DIR).toBe('/cache/spectra');
  });

  it('names all its problems at once, never a value', () => {
    const env = {
      SPECTRA_BIND_ADDRESS: 'nowhere',
      SPECTRA_KEY_HASH_SECRET: 'too-short',
      DATABASE_URL: 'mysql://secret@host',
      SURREALDB_CONNECTION: 'ws://host;root',
      SPECTRA_GENERATION: '0',
      SPECTRA_LOG_LEVEL: 'loud',
    };
    expect(problems(env)).toEqual(Object.keys(env).sort());
    expect(() => loadSettings(env)).not.toThrow(/too-short|secret@host/);
  });

  it.each([
    ['9191', { host: '127.0.0.1', port: 9191 }],
    [':9191', { host: '127.0.0.1', port: 9191 }],
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('reads the address %s', (value, address) => {
    expect(loadSettings({ SPECTRA_BIND_ADDRESS: value }).SPECTRA_BIND_ADDRESS).toEqual(address);
  });

  it.each(['x', '1:2:3', 'host:65536', 'host:', ''.padEnd(3, ' ')])('refuses the address %j', (value) => {
    expect(problems({ SPECTRA_BIND_ADDRESS: value })).toEqual(['SPECTRA_BIND_ADDRESS']);
  });

  it('keeps semicolons of a password', () => {
    expect(loadSettings({ SURREALDB_CONNECTION: 'wss://db:1;root;a;b' }).SURREALDB_CONNECTION).toEqual({
      endpoint: 'wss://db:1',
      user: 'root',
      password: 'a;b',
    });
  });

  it('accepts the published names and aliases; flags win; two that differ are refused', () => {
    expect(loadSettings({ SPECTRON_CONTEXT_ID: 'one' }).SPECTRA_CONTEXT_ID).toBe('one');
    expect(loadSettings({ SPECTRAL_GENERATION: '7' }).SPECTRA_GENERATION).toBe(7);
    expect(loadSettings({ SPECTRON_CONTEXT_ID: 'one', SPECTRA_CONTEXT_ID: 'one' }).SPECTRA_CONTEXT_ID).toBe('one');
    expect(problems({ SPECTRON_CONTEXT_ID: 'one', SPECTRA_CONTEXT_ID: 'two' })).toEqual(['SPECTRA_CONTEXT_ID']);
    expect(problems({ SPECTRAL_GENERATION: '7', SPECTRA_GENERATION: '8' })).toEqual(['SPECTRA_GENERATION']);
    const flags = { SPECTRA_CONTEXT_ID: 'flag' };
    expect(loadSettings({ SPECTRON_CONTEXT_ID: 'a', SPECTRA_CONTEXT_ID: 'b' }, flags).SPECTRA_CONTEXT_ID).toBe('flag');
  });

  it('treats an empty variable as one that is not set', () => {
    expect(loadSettings({ SPECTRA_CONTEXT_ID: '', DATABASE_URL: '' })).toMatchObject({ SPECTRA_CONTEXT_ID: 'demo' });
  });

  it('keeps handlers shorter than the grace, and the grace shorter than the lease', () => {
    expect(problems({ SPECTRA_HANDLER_MAX_MS: '30000' })).toEqual(['SPECTRA_HANDLER_MAX_MS']);
    expect(problems({ SPECTRA_SHUTDOWN_GRACE_MS: '60000' })).toEqual(['SPECTRA_SHUTDOWN_GRACE_MS']);
  });

  it('needs to know the model of an embeddings endpoint', () => {
    expect(problems({ SPECTRA_EMBEDDINGS_URL: 'https://models' })).toEqual([
      'SPECTRA_EMBEDDINGS_DIMENSIONS',
      'SPECTRA_EMBEDDINGS_MODEL',
    ]);
  });

  it('takes weights of signals, and names the signals when one is unknown', () => {
    expect(loadSettings({}).SPECTRA_RECALL_WEIGHTS).toEqual({});
    expect(loadSettings({ SPECTRA_RECALL_WEIGHTS: 'title_link=.5, vector=0' }).SPECTRA_RECALL_WEIGHTS).toEqual({
      title_link: 0.5,
      vector: 0,
    });
    for (const wrong of ['titel=1', 'title', 'title=much', 'title=-1'])
      expect(() => loadSettings({ SPECTRA_RECALL_WEIGHTS: wrong })).toThrow(/SPECTRA_RECALL_WEIGHTS/);
    expect(() => loadSettings({ SPECTRA_RECALL_WEIGHTS: 'titel=1' })).toThrow(/bm25, vector, title/);
  });
});
