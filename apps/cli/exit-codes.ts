/** What a script can tell from the exit code; shown in `spectra --help`. 130 is Ctrl-C. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unauthorized: 3,
  notFound: 4,
  unavailable: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `Exit codes:
  0  done
  1  the operation failed, or a document did
  2  the command line or a setting is wrong
  3  not authorised
  4  not found
  5  the server cannot be reached, or failed (5xx)
  130  ended by Ctrl-C`;
