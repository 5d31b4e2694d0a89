import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of /proc/<pid>/stat: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // Ended meanwhile.
  }
}

/** Every process below `root`, itself included, named by the part of the stack that it is. Empty where there is no /proc. */
export function processesBelow(root) {
  const all = new Map();
  for (const entry of listPids()) {
    const stat = read(`/proc/${entry}/stat`);
    if (stat === null) continue;
    // The name in parentheses may hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    all.set(entry, {
      pid: entry,
      parent: Number(fields[1]),
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      reapedCpuSeconds: (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND,
      command: (read(`/proc/${entry}/cmdline`) ?? '').replaceAll('\0', ' '),
    });
  }
  const found = [];
  const queue = [root];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    const process = all.get(pid);
    if (process === undefined) continue;
    found.push({ ...process, part: partOf(process.command) });
    for (const child of all.values()) if (child.parent === pid) queue.push(child.pid);
  }
  return found;
}

function listPids() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function partOf(command) {
  if (command.includes('keeper.js')) return 'keepers';
  if (command.includes('surreal-server.js')) return 'surrealdb';
  if (/server start-dev/.test(command)) return 'temporal';
  if (/postgres/.test(command.split(' ')[0]) || command.startsWith('postgres:')) return 'postgres';
  if (command.includes('spectrad')) return 'api + worker';
  return 'launcher';
}

/** CPU seconds that each part has used so far. Backends of Postgres that ended count through their parent. */
export function cpuByPart(root) {
  const parts = {};
  for (const { part, cpuSeconds, reapedCpuSeconds } of processesBelow(root)) {
    parts[part] = (parts[part] ?? 0) + cpuSeconds + (part === 'postgres' ? reapedCpuSeconds : 0);
  }
  return parts;
}

/** Cores that each part used between two readings of `cpuByPart`. */
export function coresUsed(before, after, seconds) {
  return Object.fromEntries(
    Object.entries(after)
      .map(([part, used]) => [part, Math.max(0, used - (before[part] ?? 0)) / seconds])
      .filter(([, cores]) => cores >= 0.005)
      .sort(([, a], [, b]) => b - a),
  );
}

/**
 * Memory of each part in MiB: `rss` as the kernel counts it per process (pages that processes share count in each), and
 * `pss`, where shared pages are divided among those that share them.
 */
export function memoryByPart(root) {
  const parts = {};
  for (const { pid, part } of processesBelow(root)) {
    const rss = Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
    const pss = Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? rss);
    const entry = (parts[part] ??= { processes: 0, rss: 0, pss: 0 });
    entry.processes += 1;
    entry.rss += rss / 1024;
    entry.pss += pss / 1024;
  }
  return parts;
}
