// Measures of one ranked list of passages against the passages that a question needs.
import { createHash } from 'node:crypto';

/** Results beyond this rank count for nothing: the service answers no more than that. */
export const DEPTH = 50;
export const METRICS = ['recall@5', 'recall@10', 'all@5', `mrr@${DEPTH}`, 'ndcg@10'];

const gain = (rank) => 1 / Math.log2(rank + 1);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * @param {readonly string[]} ranked passage ids, best first, each once
 * @param {readonly string[]} supporting ids of the passages needed, at least one
 * @returns {Record<string, number>} each 0..1; nDCG with gain 1 for a supporting passage, 0 for any other
 */
export function measure(ranked, supporting) {
  const wanted = new Set(supporting);
  const ranks = ranked
    .slice(0, DEPTH)
    .map((id, index) => (wanted.has(id) ? index + 1 : 0))
    .filter((rank) => rank > 0);
  const within = (k) => ranks.filter((rank) => rank <= k);
  const ideal = Array.from({ length: Math.min(wanted.size, 10) }, (_, index) => gain(index + 1));
  return {
    'recall@5': within(5).length / wanted.size,
    'recall@10': within(10).length / wanted.size,
    'all@5': within(5).length === wanted.size ? 1 : 0,
    [`mrr@${DEPTH}`]: ranks.length > 0 ? 1 / ranks[0] : 0,
    'ndcg@10': sum(within(10).map(gain)) / sum(ideal),
  };
}

/** A passage counts once, at its best rank. */
export function distinct(ids) {
  return [...new Set(ids)];
}

/**
 * Which half of a set each question belongs to, for ever: sorted by the sha256 of their ids, the lower half is the first.
 *
 * @param {readonly string[]} ids of all questions of the set
 * @returns {Map<string, 'first' | 'second'>}
 */
export function halves(ids) {
  const hash = (id) => createHash('sha256').update(id).digest('hex');
  const sorted = ids.map((id) => ({ id, hash: hash(id) })).sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return new Map(sorted.map(({ id }, index) => [id, index < ids.length / 2 ? 'first' : 'second']));
}

/** The value at a share (0..1) of sorted numbers, nearest rank. */
export function quantile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
