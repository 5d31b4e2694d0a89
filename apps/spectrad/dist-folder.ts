import { fileURLToPath } from 'node:url';

/** The folder of the compiled code that this process runs from. */
export const DIST_FOLDER = fileURLToPath(new URL('../../', import.meta.url));

/** The folder above it: package.json, samples/, temporal/go.mod. */
export const PROJECT_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));
