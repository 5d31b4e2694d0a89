/** Thrown when the command line asks for something that cannot be asked for. Nothing was sent. */
export class UsageError extends Error {
  readonly code = 'usage';

  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
