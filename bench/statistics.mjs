/** The q-quantile (0..1) of numbers, by nearest rank. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
}

/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Measures both sides in turn, so that whatever else the machine does hits both: A B, B A, A B, ...
 * @template T
 * @param {{rounds: number, ours: (round: number) => Promise<T>, peer: (round: number) => Promise<T>, onRound?: (round: number, ours: T, peer: T) => void}} options
 * @returns {Promise<{ours: T[], peer: T[]}>} one sample of each side per round
 */
export async function interleave({ rounds, ours, peer, onRound }) {
  const samples = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? ['ours', 'peer'] : ['peer', 'ours'];
    for (const side of order) samples[side].push(await { ours, peer }[side](round));
    onRound?.(round, samples.ours[round], samples.peer[round]);
  }
  return samples;
}

/** ours / peer of each round: the median, and the lowest and highest of the rounds as its spread. */
export function ratioOf(ours, peer) {
  const ratios = ours.map((value, round) => value / peer[round]);
  return { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios), rounds: ratios.length };
}
