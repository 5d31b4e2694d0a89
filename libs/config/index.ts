export { readBuildInfo, type BuildInfo } from './build-info.js';
export { loadSettings, processEnvironment, type Flags, type LoadedSettings } from './load.js';
export { type SettingName } from './settings.js';
