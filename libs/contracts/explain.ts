import { z } from 'zod';

/** Why a hit stands where it stands. The contributions of all signals add up to the hit's score. */
export const explainSchema = z
  .object({
    signals: z.array(
      z.object({
        signal: z.string().meta({ example: 'bm25' }),
        rank: z.int().meta({ description: '1-based rank within this signal.' }),
        raw: z.number().meta({ description: 'What the signal itself measured.' }),
        normalised: z.number().meta({ description: 'On a scale on which the best of the signal is 1.' }),
        weight: z.number(),
        contribution: z.number().meta({ description: 'weight * normalised' }),
      }),
    ),
  })
  .meta({ id: 'Explain' });
export type Explain = z.infer<typeof explainSchema>;
