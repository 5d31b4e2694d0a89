const CANDIDATES = [',', ';', '\t', '|'] as const;
const SAMPLE_LINES = 30;
const SAMPLE_LENGTH = 64 * 1024;

/** The character that parts the cells of a table: the one that stands equally often in the first lines. */
export function findDelimiter(text: string, usual: ',' | '\t'): string {
  const announced = /^sep=(.)\r?\n/u.exec(text)?.[1];
  if (announced !== undefined) return announced;
  const lines = sampleLines(text);
  let best = { delimiter: usual as string, share: 0, count: 0 };
  for (const delimiter of CANDIDATES) {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const count = counts[0] ?? 0;
    if (count === 0) continue;
    const share = counts.filter((each) => each === count).length / counts.length;
    if (share > best.share || (share === best.share && count > best.count)) best = { delimiter, share, count };
  }
  return best.delimiter;
}

/** Lines that are not empty, without what stands between quotes. The last one may be cut and is left out. */
function sampleLines(text: string): string[] {
  const sample = text.slice(0, SAMPLE_LENGTH).replace(/"[^"]*"/gu, '');
  const lines = sample.split(/\r\n|\n|\r/u).filter((line) => line.trim() !== '');
  return lines.slice(0, Math.min(SAMPLE_LINES, Math.max(1, lines.length - (text.length > SAMPLE_LENGTH ? 1 : 0))));
}
