import type { LoadedSettings } from '#libs/config/index.js';
import type { TemporalOptions } from '../../temporal/connection.js';
import { required } from './services.js';

/** How this process reaches Temporal. */
export function temporalOptions(settings: LoadedSettings): TemporalOptions {
  return {
    address: required(
      settings.TEMPORAL_ADDRESS,
      'TEMPORAL_ADDRESS',
      'Set it to the host:port of the Temporal frontend.',
    ),
    namespace: settings.TEMPORAL_NAMESPACE,
    apiKey: settings.TEMPORAL_API_KEY,
    tls: settings.TEMPORAL_TLS,
  };
}
