import type { LoggerService } from '@nestjs/common';
import type { Logger } from '#libs/telemetry/index.js';

/** Nest's own messages, in the process's log. Its chatter at start-up is worth a debug line. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown): void {
    this.logger.debug({ nest: String(message) }, 'nest');
  }

  warn(message: unknown): void {
    this.logger.warn({ nest: String(message) }, 'nest');
  }

  error(message: unknown): void {
    this.logger.error({ nest: String(message) }, 'nest');
  }

  fatal(message: unknown): void {
    this.logger.fatal({ nest: String(message) }, 'nest');
  }
}
