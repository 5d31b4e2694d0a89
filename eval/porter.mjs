// The Porter stemmer: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, as published there, without
// the departures of later versions, so that the peer's figures are those of the literature.

const STEP_2 = Object.entries({
  ational: 'ate',
  tional: 'tion',
  enci: 'ence',
  anci: 'ance',
  izer: 'ize',
  abli: 'able',
  alli: 'al',
  entli: 'ent',
  eli: 'e',
  ousli: 'ous',
  ization: 'ize',
  ation: 'ate',
  ator: 'ate',
  alism: 'al',
  iveness: 'ive',
  fulness: 'ful',
  ousness: 'ous',
  aliti: 'al',
  iviti: 'ive',
  biliti: 'ble',
});
const STEP_3 = Object.entries({ icate: 'ic', ative: '', alize: 'al', iciti: 'ic', ical: 'ic', ful: '', ness: '' });
const STEP_4 = Object.entries(
  Object.fromEntries(
    'al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize'.split(' ').map((s) => [s, '']),
  ),
);

/** `c` or `v` per letter; `y` is a vowel after a consonant. */
function shape(word) {
  let out = '';
  for (const [index, letter] of [...word].entries()) {
    out += 'aeiou'.includes(letter) || (letter === 'y' && index > 0 && out.at(-1) === 'c') ? 'v' : 'c';
  }
  return out;
}

/** The paper's m: how often vowels are followed by consonants. */
const measure = (word) => shape(word).match(/v+c+/g)?.length ?? 0;
const endsInShortSyllable = (word) => shape(word).endsWith('cvc') && !/[wxy]$/.test(word);
const longest = (word, table) =>
  table.filter(([suffix]) => word.endsWith(suffix)).sort(([a], [b]) => b.length - a.length)[0];

function plural(word) {
  if (/(sses|ies)$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

function pastAndProgressive(word) {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const stem = word.replace(/(ed|ing)$/, '');
  if (stem === word || !shape(stem).includes('v')) return word;
  if (/(at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (/([^lsz])\1$/.test(stem) && shape(stem).endsWith('c')) return stem.slice(0, -1);
  return measure(stem) === 1 && endsInShortSyllable(stem) ? `${stem}e` : stem;
}

function finalE(word) {
  const stem = word.slice(0, -1);
  if (!word.endsWith('e')) return word;
  return measure(stem) > 1 || (measure(stem) === 1 && !endsInShortSyllable(stem)) ? stem : word;
}

/** The stem of one word of lower-case letters and digits. */
export function stem(word) {
  if (word.length < 3) return word;
  let out = pastAndProgressive(plural(word));
  if (out.endsWith('y') && shape(out.slice(0, -1)).includes('v')) out = `${out.slice(0, -1)}i`;
  for (const table of [STEP_2, STEP_3]) {
    const [suffix, replacement] = longest(out, table) ?? [];
    if (suffix && measure(out.slice(0, -suffix.length)) > 0) out = out.slice(0, -suffix.length) + replacement;
  }
  const [suffix] = longest(out, STEP_4) ?? [];
  const rest = suffix ? out.slice(0, -suffix.length) : '';
  if (suffix && measure(rest) > 1 && (suffix !== 'ion' || /[st]$/.test(rest))) out = rest;
  out = finalE(out);
  return out.endsWith('ll') && measure(out.slice(0, -1)) > 1 ? out.slice(0, -1) : out;
}
