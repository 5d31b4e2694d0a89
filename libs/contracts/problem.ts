import { z } from 'zod';

/** RFC 9457 problem document. `message` repeats `detail` for clients that read only that; `title` is read by others. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'A stable name of the kind of problem, as a URN.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    message: z.string(),
    code: z.string().meta({ description: 'Stable, machine-readable.', example: 'unsupported_media_type' }),
    instance: z.string().optional(),
    requestId: z.string(),
    retryable: z.boolean(),
    issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;
