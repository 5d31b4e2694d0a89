import type { Command } from 'commander';
import {
  missingSetting,
  readClientSettings,
  SpectraClient,
  type ClientSettings,
  type SettingName,
  type SettingValues,
} from '#libs/client/index.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { toFailure, type Failure } from './failure.js';
import type { CliIo } from './io.js';
import { Output } from './output.js';

interface GlobalFlags extends SettingValues {
  readonly json?: boolean;
  readonly color: boolean;
}

/** One run of one command: its settings, its client, its output and how it ended. */
export class Session {
  readonly io: CliIo;
  readonly output: Output;
  readonly settings: ClientSettings;
  exitCode: ExitCode = EXIT.ok;
  #key: SettingName | undefined;

  private constructor(io: CliIo, output: Output, settings: ClientSettings) {
    this.io = io;
    this.output = output;
    this.settings = settings;
  }

  static async open(io: CliIo, command: Command): Promise<Session> {
    const { json = false, color, ...flags } = command.optsWithGlobals<GlobalFlags>();
    const { env, cwd, home, uid } = io;
    const { url, contextId, apiKey, managementApiKey, managementUrl } = flags;
    const settings = await readClientSettings({
      flags: { url, contextId, apiKey, managementApiKey, managementUrl },
      env,
      cwd,
      home,
      uid,
    });
    return new Session(io, new Output(io, { json, color }), settings);
  }

  /**
   * A client that has what the command needs.
   *
   * Thrown: ClientSettingsError that names the first needed setting that is missing, and how to set it.
   */
  client(...needs: readonly SettingName[]): SpectraClient {
    for (const name of needs) if (this.settings[name] === undefined) throw missingSetting(name, this.settings);
    this.#key = needs.find((name) => name === 'apiKey' || name === 'managementApiKey');
    return new SpectraClient({ ...this.settings, ...this.io.client });
  }

  /** A client for what belongs to the Context: documents, recall, facts. */
  contextClient(): SpectraClient {
    return this.client('contextId', 'apiKey');
  }

  /** `error` in words; a refused key is named by where it came from, because it may not be the one that was meant. */
  describe(error: unknown): Failure {
    const failure = toFailure(error);
    const origin = failure.status === 401 && this.#key !== undefined ? this.settings.origins[this.#key] : undefined;
    return origin === undefined ? failure : { ...failure, message: `${failure.message} The key came from ${origin}.` };
  }
}
