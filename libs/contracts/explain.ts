import { z } from 'zod';

/**
 * What may speak for a passage. `bm25`, `vector` and `title` compare it with the question; `title_link` and `neighbour`
 * say how it stands to passages that those have found.
 */
export const RECALL_SIGNALS = ['bm25', 'vector', 'title', 'title_link', 'neighbour'] as const;
export const recallSignalSchema = z.enum(RECALL_SIGNALS);
export type RecallSignal = z.infer<typeof recallSignalSchema>;

/** Why a hit stands where it stands. The contributions of all signals add up to the hit's score. */
export const explainSchema = z
  .object({
    signals: z.array(
      z.object({
        signal: recallSignalSchema,
        rank: z.int().meta({ description: '1-based rank within this signal.' }),
        raw: z.number().meta({ description: 'What the signal itself measured.' }),
        normalised: z.number().meta({ description: 'On the scale of 0 to 1 that all signals share.' }),
        weight: z.number(),
        contribution: z.number().meta({ description: 'weight * normalised' }),
        via: z
          .string()
          .optional()
          .meta({ description: 'Id of the passage that names this one, or stands next to it.' }),
      }),
    ),
  })
  .meta({ id: 'Explain' });
export type Explain = z.infer<typeof explainSchema>;
