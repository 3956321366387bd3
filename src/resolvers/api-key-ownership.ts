import type { Context } from '../context.js'

/** Keys of other users that one stream remembers; past it they are forgotten, and asked for when they are used again. */
const REMEMBERED = 50_000

/**
 * Tells whether an API key is this user's, at once where that is known. A key that was made later is looked up when it is
 * first used, all of one turn in one statement. An API key never changes its user.
 */
export async function keysOfUser(
  userId: string,
  context: Context,
): Promise<(apiKeyId: string) => boolean | Promise<boolean>> {
  const keys = (await context.loaders.apiKeys.byUser.load(userId)) ?? []
  const own = new Set(keys.map(({ id }) => id))
  const others = new Set<string>()
  /** Keys that are being looked up: all events of one key wait for one answer, in their order (single flight). */
  const asked = new Map<string, Promise<boolean>>()

  async function lookUp(apiKeyId: string): Promise<boolean> {
    context.refresh()
    const row = await context.loaders.apiKeys.byId.load(apiKeyId)
    const isOwn = row?.userId === userId
    if (others.size >= REMEMBERED) others.clear()
    // A key without a row may get one.
    if (row) (isOwn ? own : others).add(apiKeyId)
    return isOwn
  }

  return (apiKeyId) => {
    if (own.has(apiKeyId)) return true
    if (others.has(apiKeyId)) return false
    const answer = asked.get(apiKeyId) ?? lookUp(apiKeyId).finally(() => asked.delete(apiKeyId))
    asked.set(apiKeyId, answer)
    return answer
  }
}
