import { parseArgs } from 'node:util';

const HELP = `npm run bench -- [options]
  --only a,b      only these figures (see the list below)
  --quick         fewer and shorter samples: to see that it works, not to quote
  --check         exit 1 when a bar is missed
  --seed n        seed of all generated text and questions (1)
  --output file   write the report there; without it a full run writes docs/benchmarks/latest.json
figures:`;

/**
 * The command line of the bench. Ends the process for --help and for what it does not understand.
 * @param {string[]} args
 * @param {{name: string, title: string}[]} all every figure, in the order in which they run
 */
export function readOptions(args, all) {
  const list = all.map(({ name, title }) => `  ${name.padEnd(20)} ${title}`).join('\n');
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        output: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    refuse(error.message, list);
  }
  if (values.help) {
    process.stdout.write(`${HELP}\n${list}\n`);
    process.exit(0);
  }
  const names = values.only?.split(',').map((name) => name.trim());
  const unknown = names?.filter((name) => !all.some((figure) => figure.name === name)) ?? [];
  if (unknown.length > 0) refuse(`There is no figure ${unknown.join(', ')}.`, list);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) refuse('--seed takes a whole number.', list);
  return {
    figures: names === undefined ? all : all.filter((figure) => names.includes(figure.name)),
    quick: values.quick,
    check: values.check,
    seed,
    output: values.output,
    isFull: names === undefined && !values.quick,
  };
}

function refuse(message, list) {
  process.stderr.write(`${message}\n${HELP}\n${list}\n`);
  process.exit(2);
}
