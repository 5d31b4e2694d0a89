import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A worker of bench/workers as a process of its own: answers `ask(what)` and ends with this process. */
export class WorkerProcess {
  #child;
  #exited;
  #close;

  /** Starts it and waits until it says `ready`. @param {string} file name in bench/workers */
  static async start(stack, file, input) {
    const worker = new WorkerProcess(stack, file, input);
    await worker.#answer('ready');
    return worker;
  }

  constructor(stack, file, input) {
    this.#child = fork(fileURLToPath(new URL(`./workers/${file}`, import.meta.url)), [JSON.stringify(input)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      // Ctrl-C is for the bench, which ends its workers itself.
      detached: true,
    });
    this.#exited = once(this.#child, 'exit');
    this.#close = stack.closing(async () => {
      this.#child.kill('SIGKILL');
      await this.#exited;
    });
  }

  /** Sends an order. @returns its answer */
  async ask(what) {
    const answer = this.#answer(what);
    this.#child.send(what);
    return answer;
  }

  async stop() {
    await this.#close();
  }

  async #answer(what) {
    let onMessage;
    const answered = new Promise((resolve) => {
      onMessage = (message) => {
        if (message.what === what) resolve(message.value);
      };
      this.#child.on('message', onMessage);
    });
    const ended = this.#exited.then(([code, signal]) => {
      throw new Error(`a worker of the bench ended (${code ?? signal})`);
    });
    try {
      return await Promise.race([answered, ended]);
    } finally {
      this.#child.off('message', onMessage);
    }
  }
}
