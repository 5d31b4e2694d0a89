import { MultiBar, type SingleBar } from 'cli-progress';
import { fileSize } from '../formats.js';
import type { CliIo } from '../io.js';
import { oneLine, truncate } from '../terminal-text.js';
import type { LocalFile } from './collect-files.js';

/** How an upload run is shown while it goes on. */
export interface UploadProgress {
  /** `stage`: `uploading`, a document status, or how the file ended. */
  stage(file: LocalFile, stage: string): void;
  finished(file: LocalFile): void;
  note(text: string): void;
  close(): void;
}

/** One line for every step: for files, pipes and CI logs. */
export function lineProgress(io: CliIo): UploadProgress {
  const write = (text: string): void => {
    io.stderr.write(`${oneLine(text)}\n`);
  };
  return {
    stage: (file, stage) => {
      write(`${file.path}: ${stage}${stage === 'uploading' ? ` (${fileSize(file.sizeBytes)})` : ''}`);
    },
    finished: () => undefined,
    note: write,
    close: () => undefined,
  };
}

const STEPS = ['uploading', 'queued', 'extracting', 'chunking', 'embedding', 'keywording', 'extracting_nodes'] as const;
const VISIBLE_BARS = 8;
const BAR_WIDTH = 16;
const STAGE_WIDTH = 19;

interface Slot {
  readonly bar: SingleBar;
  file: LocalFile | undefined;
}

/** A bar for the whole run and one for each document in work, on a terminal. Gone when the run ends. */
export function barProgress(io: CliIo, total: number): UploadProgress {
  const bars = new MultiBar({
    stream: io.stderr,
    format: '{bar} {stage} {name}',
    barsize: BAR_WIDTH,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    clearOnComplete: true,
    // Both would have to be undone when Ctrl-C ends the process.
    hideCursor: false,
    linewrap: true,
    fps: 10,
  });
  const overall = bars.create(total, 0, { stage: `0/${total}`.padEnd(STAGE_WIDTH), name: 'documents' });
  const nameWidth = Math.max(12, io.columns - BAR_WIDTH - STAGE_WIDTH - 3);
  const slots: Slot[] = [];
  let done = 0;

  /** The bar that already shows the file, else a new one, else that of a file that has ended. */
  const slotOf = (file: LocalFile): Slot | undefined => {
    const own = slots.find((slot) => slot.file === file);
    if (own) return own;
    if (slots.length < VISIBLE_BARS) {
      const slot: Slot = { bar: bars.create(STEPS.length, 0, { stage: '', name: '' }), file };
      slots.push(slot);
      return slot;
    }
    const free = slots.find((slot) => slot.file === undefined);
    if (free) free.file = file;
    return free;
  };
  return {
    stage: (file, stage) => {
      const step = STEPS.findIndex((name) => name === stage);
      slotOf(file)?.bar.update(step < 0 ? STEPS.length : step, {
        stage: stage.padEnd(STAGE_WIDTH),
        name: truncate(oneLine(file.path), nameWidth, 'start'),
      });
    },
    finished: (file) => {
      done += 1;
      overall.update(done, { stage: `${done}/${total}`.padEnd(STAGE_WIDTH) });
      for (const slot of slots) if (slot.file === file) slot.file = undefined;
    },
    note: (text) => {
      bars.log(`${oneLine(text)}\n`);
    },
    close: () => {
      bars.update();
      bars.stop();
    },
  };
}
