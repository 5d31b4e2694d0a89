import type { Flags } from '#libs/config/index.js';

/** Timings of a local stack, shorter than a deployment's: a Ctrl-C should not take half a minute. */
export const DEV_TIMINGS: Flags = {
  SPECTRA_HANDLER_MAX_MS: '5000',
  SPECTRA_SHUTDOWN_GRACE_MS: '8000',
  SPECTRA_CLAIM_TTL_MS: '15000',
  SPECTRA_REAPER_INTERVAL_MS: '5000',
};
