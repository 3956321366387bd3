import type { Context } from '../context.js'

/** Number of other users' API keys that one stream remembers. Beyond it all are forgotten, and read again at their next use. */
const REMEMBERED = 50_000

/**
 * Creates a function that says whether an API key belongs to the user. It answers without a promise if it knows the key. An
 * unknown key is read from the database at its first use; keys of one event-loop turn share a statement. An API key never
 * changes its user, so that answers stay true.
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
    // A missing row is not remembered: the gateway may be about to insert it.
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
