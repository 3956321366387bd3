import { FAMILIES } from '../../affinities/families/index.js'
import type { Generation } from '../../gateway/nodes/gateway-nodes.js'
import type { OnePin, StandInProcess } from './process.js'

/** An API key of the stand-in's users. */
export interface StandInApiKey {
  readonly id: string
  readonly name: string | null
  readonly userId: string
  readonly username: string
  readonly email: string | null
  readonly isStandalone: boolean
}

/** A management token. A Python token has all rights of its owner: its permissions are null. */
export interface StandInToken {
  readonly token: string
  readonly permissions: readonly string[] | null
}

/** A call as it arrived: the target has the bytes of the request line. */
export interface StandInCall {
  readonly method: string
  readonly target: string
  readonly authorization: string | undefined
  readonly body: string
}

export interface StandInAnswer {
  readonly status: number
  readonly body: object
}

interface AdminRoutesOptions {
  readonly generation: Generation
  readonly now: () => number
  readonly apiKeys: readonly StandInApiKey[]
  readonly tokens: readonly StandInToken[]
  readonly acceptsTokens?: boolean
  readonly acceptsAccessToken?: (token: string) => Promise<boolean>
}

const CACHE = ['api', 'admin', 'monitoring', 'cache']
/** Calls of one management token to a Python gateway in a minute. */
const TOKEN_CALLS = 30

const READ = 'admin:monitoring:read'
const CLEAR = 'admin:monitoring:write'
const WRITE_USERS = 'admin:users:write'

/** Answers the admin routes that concern affinities, with the statuses and the JSON of each generation. */
export function createAdminRoutes(options: AdminRoutesOptions) {
  const { generation, now, apiKeys } = options
  const isRust = generation === 'PROCESS_MEMORY'
  const calls = new Map<string, number[]>()
  const problem = (status: number, text: string): StandInAnswer => ({
    status,
    body: isRust ? { error: { message: text } } : { detail: text },
  })
  const notFound = problem(404, 'Not Found')

  /** Undefined: the call may go on. */
  async function refusalOf(call: StandInCall, permission: string): Promise<StandInAnswer | undefined> {
    const token = /^Bearer (\S+)$/.exec(call.authorization ?? '')?.[1]
    if (token === undefined) return problem(401, 'Not authenticated')
    if (await options.acceptsAccessToken?.(token)) return undefined
    const known =
      options.acceptsTokens === false ? undefined : options.tokens.find((each) => each.token === token)
    if (!known) return problem(401, 'Invalid token')
    if (!isRust && isTooOften(token)) return problem(429, 'Too many requests')
    return known.permissions === null || known.permissions.includes(permission)
      ? undefined
      : problem(403, 'Permission denied')
  }

  function isTooOften(token: string): boolean {
    const recent = (calls.get(token) ?? []).filter((at) => at > now() - 60_000)
    calls.set(token, [...recent, now()])
    return recent.length >= TOKEN_CALLS
  }

  /** API keys that a name means: an API key's id, a user id (Python alone), a username or an e-mail. */
  function apiKeysNamed(name: string): readonly StandInApiKey[] {
    const fields = isRust
      ? (['id', 'username', 'email'] as const)
      : (['id', 'userId', 'username', 'email'] as const)
    for (const field of fields) {
      const found = apiKeys.filter((key) => key[field] === name)
      if (found.length > 0) return found
    }
    return []
  }

  async function clear(parts: readonly string[], query: URLSearchParams, process: StandInProcess) {
    const [kind, ...names] = parts
    if (kind === undefined) return counted(await process.flush())
    if (kind === 'users' && names.length === 1) {
      const found = apiKeysNamed(names[0] ?? '')
      if (found.length === 0) return problem(404, 'User not found')
      await process.clearApiKeys(found.map(({ id }) => id))
      return { status: 200, body: { status: 'ok', message: 'cleared' } }
    }
    if (kind === 'providers' && names.length === 1) {
      const count = await process.clearProvider(names[0] ?? '')
      return isRust && count === 0 ? problem(404, 'No affinities') : counted(count)
    }
    if (kind === 'affinity' && names.length === 4) return clearOne(names, query, process)
    return isRust && kind === 'affinity' && names.length > 4 ? problem(501, 'Not implemented') : notFound
  }

  async function clearOne(names: readonly string[], query: URLSearchParams, process: StandInProcess) {
    const [apiKeyId = '', endpointId = '', model = '', apiFormat = ''] = names
    const session = isRust && {
      clientFamily: query.get('client_family') ?? undefined,
      sessionHash: query.get('session_hash') ?? undefined,
    }
    const pin: OnePin = { apiKeyId, endpointId, model, apiFormat, ...session }
    const count = await process.clearOne(pin)
    return count === 0
      ? problem(404, 'No such affinity')
      : { status: 200, body: { status: 'ok', message: 'cleared' } }
  }

  const counted = (count: number): StandInAnswer => ({
    status: 200,
    body: { status: 'ok', message: 'cleared', ...(isRust ? { deleted_affinities: count } : { count }) },
  })

  function writeApiKey(parts: readonly string[], body: string, process: StandInProcess): StandInAnswer {
    const [userId, , apiKeyId] = parts
    const apiKey = apiKeys.find((key) => key.id === apiKeyId && key.userId === userId && !key.isStandalone)
    if (!apiKey) return problem(404, 'API key not found')
    const { name } = JSON.parse(body) as { name?: unknown }
    if (typeof name !== 'string' || name === '') return problem(400, 'name must be a text')
    process.apiKeyWritten()
    return { status: 200, body: { id: apiKey.id, name } }
  }

  async function read(parts: readonly string[], query: URLSearchParams, process: StandInProcess) {
    const [kind] = parts
    if (kind === 'stats') {
      const figures = { cache_hits: process.hits, cache_misses: process.misses }
      const data = { scheduler: 'cache_aware', scheduler_metrics: figures, affinity_stats: figures }
      return { status: 200, body: { status: 'ok', data } }
    }
    if (kind !== 'affinities') return notFound
    const limit = Number(query.get('limit') ?? '100')
    const keyword = query.get('keyword') ?? ''
    const offset = Number(query.get('offset') ?? '0')
    const keys = (await process.list()).filter((key) => key.includes(keyword))
    const items = keys.slice(offset, offset + limit).map(itemOf)
    return {
      status: 200,
      body: { status: 'ok', data: { items, meta: { total: keys.length, limit, offset } } },
    }
  }

  return async (call: StandInCall, process: StandInProcess): Promise<StandInAnswer> => {
    const parts = partsOf(call.target, isRust)
    const query = new URLSearchParams(call.target.split('?')[1] ?? '')
    if (!parts) return notFound
    const isUsers = parts[0] === 'api' && parts[1] === 'admin' && parts[2] === 'users'
    if (isUsers && call.method === 'PUT') {
      const refusal = await refusalOf(call, WRITE_USERS)
      return refusal ?? writeApiKey(parts.slice(3), call.body, process)
    }
    if (!CACHE.every((part, place) => parts[place] === part)) return notFound
    const rest = parts.slice(CACHE.length)
    if (call.method === 'GET') return (await refusalOf(call, READ)) ?? read(rest, query, process)
    if (call.method === 'DELETE') return (await refusalOf(call, CLEAR)) ?? clear(rest, query, process)
    return problem(405, 'Method Not Allowed')
  }
}

/** The part of a listed affinity that says which one it is. */
function itemOf(key: string): object {
  const identity = FAMILIES.of(key)?.decode(key)
  return {
    affinity_key: identity?.affinityKey,
    api_format: identity?.apiFormat,
    global_model_id: identity?.modelId,
    client_family: identity?.extra?.['clientFamily'],
    session_hash: identity?.extra?.['sessionHash'],
  }
}

/**
 * Takes a path apart. Python decodes the whole path before it looks for the route, so that a `/` in a name is never part of
 * it; Rust decodes nothing. Dot segments and empty ones are removed, as proxies do: whoever sends them reaches another route.
 */
function partsOf(target: string, isRust: boolean): string[] | undefined {
  const path = target.split('?')[0] ?? ''
  let decoded = path
  if (!isRust) {
    try {
      decoded = decodeURIComponent(path)
    } catch {
      return undefined
    }
  }
  const parts: string[] = []
  for (const part of decoded.split('/')) {
    const plain = part.replace(/%2e/gi, '.')
    if (plain === '..') parts.pop()
    else if (plain !== '.' && plain !== '') parts.push(part)
  }
  return parts
}
