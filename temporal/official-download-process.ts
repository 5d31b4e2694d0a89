import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Runs the SDK's own download of the Temporal CLI into the folder given as argument, in a process of its own: the native
 * code behind it cannot be interrupted otherwise, and writes what it likes to the terminal. It starts the server once;
 * that also proves that the file runs on this machine.
 */
const [downloadDir = '', version = 'default'] = process.argv.slice(2);
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir, version }, ui: false },
});
await environment.teardown();
process.exit(0);
