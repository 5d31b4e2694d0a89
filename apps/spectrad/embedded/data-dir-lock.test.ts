import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConflictError } from '#libs/contracts/index.js';
import { lockDataDir } from './data-dir-lock.js';
import { endProcess, identify } from './process-identity.js';
import { readStackFile, writeStackFile } from './stack-file.js';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'spectra-lock-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

const ADDRESSES = {
  api: 'http://127.0.0.1:9090',
  temporal: '127.0.0.1:7233',
  temporalUi: null,
  postgres: '127.0.0.1:15432',
  surrealdb: 'ws://127.0.0.1:18000',
};
const writeLock = (owner: unknown): void => {
  writeFileSync(join(dataDir, 'stack.lock'), JSON.stringify(owner));
};

describe('lockDataDir', () => {
  it('refuses a second stack with its pid and address', () => {
    lockDataDir(dataDir);
    writeStackFile(dataDir, { version: '1.0.0', addresses: ADDRESSES });
    expect(() => lockDataDir(dataDir)).toThrow(ConflictError);
    expect(() => lockDataDir(dataDir)).toThrow(`(pid ${process.pid}, http://127.0.0.1:9090)`);
  });

  it('is free again after release, and leaves no file behind', () => {
    lockDataDir(dataDir).release();
    expect(readdirSync(dataDir)).toEqual([]);
    lockDataDir(dataDir).release();
  });

  it('takes over the lock of a process that is gone', async () => {
    const child = spawn('sleep', ['60']);
    const identity = identify(child.pid ?? 0);
    writeLock(identity);
    expect(() => lockDataDir(dataDir)).toThrow(`pid ${identity.pid}`);
    await endProcess(identity, []);
    const lock = lockDataDir(dataDir);
    expect(readdirSync(dataDir)).toEqual(['stack.lock']);
    lock.release();
  });

  it('takes over a lock whose pid belongs to another process by now', () => {
    const { pid, startTime } = identify(process.pid);
    writeLock({ pid, startTime: (startTime ?? 1) - 1 });
    lockDataDir(dataDir).release();
  });

  it('takes over a lock that cannot be read', () => {
    writeFileSync(join(dataDir, 'stack.lock'), 'half');
    lockDataDir(dataDir).release();
  });

  it('does not release a lock that another process took over', () => {
    const lock = lockDataDir(dataDir);
    writeLock({ pid: process.pid, startTime: null });
    lock.release();
    expect(readdirSync(dataDir)).toEqual(['stack.lock']);
  });
});

describe('stack file', () => {
  it('keeps every address with the identity of the process', () => {
    writeStackFile(dataDir, { version: '1.0.0', addresses: ADDRESSES }, new Date('2026-01-02T03:04:05Z'));
    expect(readStackFile(dataDir)).toEqual({
      version: '1.0.0',
      ...identify(process.pid),
      startedAt: '2026-01-02T03:04:05.000Z',
      addresses: ADDRESSES,
    });
    expect(readdirSync(dataDir)).toEqual(['stack.json']);
  });

  it('reads a missing or damaged file as none', () => {
    expect(readStackFile(dataDir)).toBeNull();
    writeFileSync(join(dataDir, 'stack.json'), '{"version":1}');
    expect(readStackFile(dataDir)).toBeNull();
  });
});
