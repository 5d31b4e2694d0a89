/** What the client can be told by flags, by the environment and by its files. */
export interface SettingValues {
  readonly url?: string | undefined;
  readonly contextId?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly managementApiKey?: string | undefined;
  readonly managementUrl?: string | undefined;
}
export type SettingName = keyof SettingValues;
