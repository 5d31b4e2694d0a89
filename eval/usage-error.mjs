/** Ends the run with one sentence for the user. */
export class UsageError extends Error {}
