import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readBuildInfo } from '#libs/config/index.js';
import { openApiDocument } from '#libs/contracts/index.js';
import { DIST_FOLDER, PROJECT_FOLDER } from '../spectrad/dist-folder.js';

/** `npm run openapi`: writes the document of this build to docs/api/openapi.json, which is committed. */
const { version } = await readBuildInfo(DIST_FOLDER);
const path = `${PROJECT_FOLDER}docs/api/openapi.json`;
await mkdir(fileURLToPath(new URL('.', `file://${path}`)), { recursive: true });
await writeFile(path, `${JSON.stringify(openApiDocument(version), null, 2)}\n`);
