export { SpectraClient, type SpectraClientOptions } from './client.js';
export { mediaTypeOf } from './media-types.js';
export { ApiError, ClientSettingsError, ConnectionError, FileChangedError } from './errors.js';
export { DEFAULT_URL, missingSetting, readClientSettings, type ClientSettings } from './settings.js';
export type { SettingName, SettingValues } from './setting-values.js';
