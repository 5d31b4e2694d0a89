import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { LoadedSettings } from '#libs/config/index.js';
import { createLogger, type Logger } from '#libs/telemetry/index.js';

/** JSON lines of a local stack go to `<data dir>/logs/spectrad.log`, so that the terminal stays readable. */
export function openDevLog(settings: LoadedSettings): Logger {
  const folder = join(settings.SPECTRA_DATA_DIR, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const destination = pino.destination({ dest: join(folder, 'spectrad.log'), sync: false, append: true });
  return createLogger({ level: settings.SPECTRA_LOG_LEVEL, role: 'dev', destination });
}
