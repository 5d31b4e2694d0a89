import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const { engines, dataDir } = globalThis.spectraTestEngines;
  await engines.stop();
  await rm(dataDir, { recursive: true, force: true });
}
