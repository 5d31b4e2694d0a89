// Text whose word frequencies are those of language (Zipf), so that document frequencies, and with them the cost of a
// query, are real: a few words stand nearly everywhere, most words nearly nowhere. The same seed, the same text.

const FUNCTION_WORDS =
  'the of and to in a is that it was for on are as with his they at be this from have or by one had not but what all were when we there can an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know'.split(
    ' ',
  );
/** Words that an English search leaves out; the plain query of the recall figure leaves them out too. */
const STOP_WORDS = new Set(
  'the of and to in a is that it was for on are as with his they at be this from have or by had not but what all were when we there can an your which their if do will each about how up out them then she some so these would other into has more her him could no than been its who now my over did down only may very after just where most'.split(
    ' ',
  ),
);
const CONTENT_WORDS = 30_000;
/** Share of function words in running English text. */
const FUNCTION_SHARE = 0.45;
const SYLLABLES =
  'ba be bi bo bu ca ce co da de di do fa fe fi ga ge go ha he hi ho ja jo ka ke ki la le li lo lu ma me mi mo mu na ne ni no pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we ya zo'.split(
    ' ',
  );

/** Uniform in [0, 1), from a seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function contentWords(random) {
  const words = new Set();
  while (words.size < CONTENT_WORDS) {
    let word = '';
    for (let left = 2 + Math.floor(random() * 3); left > 0; left -= 1)
      word += SYLLABLES[Math.floor(random() * SYLLABLES.length)];
    words.add(word + 'nrstlmdk'[Math.floor(random() * 8)]);
  }
  return [...words];
}

/** Picks the n-th most frequent of `count` words with a probability of about 1/n. */
const zipf = (random, count) => Math.min(count - 1, Math.floor(Math.exp(random() * Math.log(count + 1))) - 1);

export class GeneratedText {
  #random;
  #content;

  constructor(seed) {
    this.#random = randomFrom(seed);
    this.#content = contentWords(this.#random);
  }

  word() {
    if (this.#random() < FUNCTION_SHARE) return FUNCTION_WORDS[zipf(this.#random, FUNCTION_WORDS.length)];
    return this.#content[zipf(this.#random, this.#content.length)];
  }

  /** About `words` words in sentences. */
  passage(words = 90) {
    const sentences = [];
    for (let left = words; left > 0;) {
      const length = Math.min(left, 8 + Math.floor(this.#random() * 12));
      const sentence = Array.from({ length }, () => this.word()).join(' ');
      sentences.push(`${sentence[0].toUpperCase()}${sentence.slice(1)}.`);
      left -= length;
    }
    return sentences.join(' ');
  }

  title() {
    const pick = () => this.#content[Math.floor(this.#random() * this.#content.length)];
    return [pick(), pick()].map((word) => `${word[0].toUpperCase()}${word.slice(1)}`).join(' ');
  }

  /** A question about a passage: some of its content words, in words that stand everywhere. `terms` are those that search. */
  question(passage, words = 5) {
    const candidates = [...new Set(passage.toLowerCase().match(/[a-z]+/g))].filter((word) => !STOP_WORDS.has(word));
    const terms = [];
    while (terms.length < words && candidates.length > 0)
      terms.push(...candidates.splice(Math.floor(this.#random() * candidates.length), 1));
    const [first = '', ...rest] = terms;
    return { question: `What is the ${first} of the ${rest.join(' and the ')}?`, terms: terms.join(' ') };
  }
}
