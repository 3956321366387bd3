import type { ChainableCommander } from 'ioredis'

/** The reply of one command of a pipeline: its error, or its value. */
export type Outcome = readonly [Error | null, unknown]

export const NO_REPLY: Outcome = [new Error('the pipeline gave no reply to a command'), undefined]

/** Recognises a slot that has moved since the scan. Its key is read again: the scan may have visited its new master before. */
export const hasMoved = (error: Error): boolean => /^(MOVED|ASK)\b/.test(error.message)

/** Sends a pipeline, and returns the outcome of each of its commands. */
export async function outcomes(pipeline: ChainableCommander): Promise<readonly Outcome[]> {
  const results = await pipeline.exec()
  if (!results) throw new Error('the pipeline was aborted')
  return results
}

/**
 * Sends a pipeline, and returns the replies of its commands.
 * @throws the first error among them
 */
export async function replies(pipeline: ChainableCommander): Promise<unknown[]> {
  return (await outcomes(pipeline)).map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
