import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBuildInfo } from '#libs/config/index.js';
import { openApiDocument } from '#libs/contracts/index.js';
import { DIST_FOLDER, PROJECT_FOLDER } from '../spectrad/dist-folder.js';

/** `npm run openapi`: writes the document of this build to docs/api/openapi.json, which is committed. */
const { version } = await readBuildInfo(DIST_FOLDER);
const folder = join(PROJECT_FOLDER, 'docs', 'api');
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'openapi.json'), `${JSON.stringify(openApiDocument(version), null, 2)}\n`);
