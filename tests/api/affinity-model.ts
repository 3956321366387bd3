/**
 * A reference model of the service: it computes the expected answers slowly and plainly from the fixture files and the rows
 * of the database, without any code of the service.
 */
import pg from 'pg'
import { fixtureEntries } from '../support/fixtures.js'

export interface Pin {
  readonly key: string
  readonly affinityKey: string
  readonly apiFormat: string
  readonly modelId: string
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
  readonly requestCount: number
  /** Unix seconds. */
  readonly createdAt: number
  readonly expiresAt: number
  /** What the value says. */
  readonly writtenExpiry: number
}

interface Row {
  readonly id: string
  readonly [column: string]: unknown
}

/** Rows by id, as plain SQL gives them. */
export interface Rows {
  readonly users: ReadonlyMap<string, Row>
  readonly api_keys: ReadonlyMap<string, Row>
  readonly providers: ReadonlyMap<string, Row>
  readonly provider_endpoints: ReadonlyMap<string, Row>
  readonly provider_api_keys: ReadonlyMap<string, Row>
  readonly global_models: ReadonlyMap<string, Row>
  readonly models: ReadonlyMap<string, Row>
}

export interface Filter {
  readonly affinityKey?: string | undefined
  readonly userId?: string | undefined
  readonly providerId?: string | undefined
  readonly endpointId?: string | undefined
  readonly providerKeyId?: string | undefined
  readonly modelId?: string | undefined
  readonly apiFormat?: string | undefined
  readonly ids?: readonly string[] | undefined
  readonly affinityKeys?: readonly string[] | undefined
  readonly userIds?: readonly string[] | undefined
  readonly providerIds?: readonly string[] | undefined
  readonly endpointIds?: readonly string[] | undefined
  readonly providerKeyIds?: readonly string[] | undefined
  readonly modelIds?: readonly string[] | undefined
  readonly apiFormats?: readonly string[] | undefined
  readonly stale?: boolean | undefined
  readonly usability?: string | undefined
  readonly staleReasons?: readonly string[] | undefined
  readonly createdBefore?: string | undefined
  readonly createdAfter?: string | undefined
  readonly expiresBefore?: string | undefined
  readonly expiresAfter?: string | undefined
  readonly requestCountMin?: number | undefined
  readonly requestCountMax?: number | undefined
  readonly unusedForSeconds?: number | undefined
}

export interface Order {
  readonly field: 'EXPIRES_AT' | 'CREATED_AT' | 'REQUEST_COUNT'
  readonly direction: 'ASC' | 'DESC'
}

/** The fixtures' readable affinities as loaded at `now`, in milliseconds. */
export const fixturePins = (now: number): Pin[] =>
  fixtureEntries().flatMap(({ key, record, ttl }) => {
    if (record === undefined) return []
    const [, affinityKey = '', apiFormat = '', ...model] = key.split(':')
    return [
      {
        key,
        affinityKey,
        apiFormat,
        modelId: model.join(':'),
        providerId: String(record['provider_id']),
        endpointId: String(record['endpoint_id']),
        providerKeyId: String(record['key_id']),
        requestCount: Number(record['request_count']),
        createdAt: now / 1000 - record.created_ago,
        expiresAt: now / 1000 + ttl,
        writtenExpiry: now / 1000 + record.expire_in,
      },
    ]
  })

export async function sql(databaseUrl: string, statement: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    return (await client.query<Row>(statement, values)).rows
  } finally {
    await client.end()
  }
}

export async function readRows(databaseUrl: string): Promise<Rows> {
  const table = async (name: keyof Rows) =>
    new Map((await sql(databaseUrl, `SELECT * FROM ${name}`)).map((row) => [row.id, row] as const))
  return {
    users: await table('users'),
    api_keys: await table('api_keys'),
    providers: await table('providers'),
    provider_endpoints: await table('provider_endpoints'),
    provider_api_keys: await table('provider_api_keys'),
    global_models: await table('global_models'),
    models: await table('models'),
  }
}

export const userOf = (pin: Pin, rows: Rows): Row | undefined =>
  rows.users.get(String(rows.api_keys.get(pin.affinityKey)?.['user_id']))

/** A list that sets no limit while it is null or empty. */
const listOf = (value: unknown): readonly unknown[] | null =>
  Array.isArray(value) && value.length > 0 ? value : null

/** What both lists allow; null for everything. */
function inBoth(a: unknown, b: unknown): readonly unknown[] | null {
  const [one, other] = [listOf(a), listOf(b)]
  return one && other ? one.filter((entry) => other.includes(entry)) : (one ?? other)
}

const field = (object: unknown, name: string): unknown =>
  typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined

const FORMATS = ['CLAUDE', 'CLAUDE_CLI', 'OPENAI', 'OPENAI_CLI', 'GEMINI', 'GEMINI_CLI']

/** The names by which clients reach the pin's model, each with the three checks that depend on the name. */
function namesOf(pin: Pin, rows: Rows) {
  const model = rows.global_models.get(pin.modelId)
  const [apiKey, user] = [rows.api_keys.get(pin.affinityKey), userOf(pin, rows)]
  const providerKey = rows.provider_api_keys.get(pin.providerKeyId)
  const all = [...rows.models.values()]
  const isServed = (row: Row) =>
    row['is_active'] && rows.providers.get(String(row['provider_id']))?.['is_active']
  const ofModel = all.filter((row) => row['global_model_id'] === pin.modelId && isServed(row))
  const names = [
    ...new Set([String(model?.['name']), ...ofModel.map((row) => String(row['provider_model_name']))]),
  ]
  const leading = names.filter((name) => {
    if (pin.apiFormat.startsWith('GEMINI') && name.includes('/')) return false
    const takers = all.filter(
      (row) =>
        row['provider_model_name'] === name &&
        isServed(row) &&
        rows.global_models.get(String(row['global_model_id']))?.['is_active'],
    )
    const ids = new Set(takers.map((row) => row['global_model_id']))
    return ids.size === 0 ? name === model?.['name'] : ids.size === 1 && ids.has(pin.modelId)
  })
  const allowed = inBoth(apiKey?.['allowed_models'], user?.['allowed_models'])
  const onKey = Array.isArray(providerKey?.['allowed_models']) ? providerKey['allowed_models'] : null
  const has = field(providerKey?.['capabilities'], 'cache_1h') === true
  const supported = listOf(model?.['supported_capabilities'])
  return leading.map((name) => {
    const forced = field(apiKey?.['force_capabilities'], 'cache_1h')
    const wished = (forced ?? field(field(user?.['model_capability_settings'], name), 'cache_1h')) === true
    return {
      allowed: !allowed || allowed.includes(name) || allowed.includes(model?.['name']),
      onKey: !onKey || onKey.includes(name) || onKey.includes(model?.['name']),
      capable: (!providerKey || has === wished) && !(wished && supported && !supported.includes('cache_1h')),
    }
  })
}

/**
 * What the scheduler of the first generation would not use a pin for, as the contract's table has it.
 * @param now Unix milliseconds
 */
export function staleReasonsOf(pin: Pin, rows: Rows, now: number): string[] {
  const apiKey = rows.api_keys.get(pin.affinityKey)
  const user = userOf(pin, rows)
  const provider = rows.providers.get(pin.providerId)
  const endpoint = rows.provider_endpoints.get(pin.endpointId)
  const providerKey = rows.provider_api_keys.get(pin.providerKeyId)
  const model = rows.global_models.get(pin.modelId)
  const isPast = (time: unknown) => time instanceof Date && time.getTime() <= now
  const names = model ? namesOf(pin, rows) : []
  const none = names.length > 0 && !names.some((name) => name.allowed && name.onKey && name.capable)
  const providers = inBoth(apiKey?.['allowed_providers'], user?.['allowed_providers'])
  const endpoints = inBoth(apiKey?.['allowed_endpoints'], user?.['allowed_endpoints'])
  const isUsedUp = apiKey?.['is_standalone']
    ? apiKey['current_balance_usd'] !== null &&
      Number(apiKey['current_balance_usd']) - Number(apiKey['balance_used_usd']) <= 0
    : user &&
      user['role'] !== 'admin' &&
      user['quota_usd'] !== null &&
      Number(user['used_usd']) > Number(user['quota_usd'])
  const halfOpen = providerKey?.['half_open_until']
  const checks: readonly [string, unknown][] = [
    ['API_KEY_DELETED', !apiKey],
    ['API_KEY_INACTIVE', apiKey && !apiKey['is_active']],
    ['API_KEY_EXPIRED', apiKey && isPast(apiKey['expires_at'])],
    ['USER_DELETED', apiKey && !user],
    ['USER_INACTIVE', user && !user['is_active']],
    ['QUOTA_EXHAUSTED', isUsedUp],
    ['PROVIDER_DELETED', !provider],
    ['PROVIDER_INACTIVE', provider && !provider['is_active']],
    [
      'PROVIDER_NOT_ALLOWED',
      provider && providers && !providers.includes(provider.id) && !providers.includes(provider['name']),
    ],
    ['ENDPOINT_DELETED', !endpoint],
    ['ENDPOINT_INACTIVE', endpoint && !endpoint['is_active']],
    ['ENDPOINT_OF_OTHER_PROVIDER', endpoint && endpoint['provider_id'] !== pin.providerId],
    ['ENDPOINT_OF_OTHER_FORMAT', endpoint && endpoint['api_format'] !== pin.apiFormat],
    ['ENDPOINT_NOT_ALLOWED', endpoints && !endpoints.includes(pin.endpointId)],
    ['PROVIDER_KEY_DELETED', !providerKey],
    ['PROVIDER_KEY_INACTIVE', providerKey && !providerKey['is_active']],
    ['PROVIDER_KEY_MOVED', providerKey && providerKey['endpoint_id'] !== pin.endpointId],
    [
      'CIRCUIT_OPEN',
      providerKey?.['circuit_breaker_open'] &&
        !(halfOpen instanceof Date && halfOpen.getTime() > now) &&
        !isPast(providerKey['next_probe_at']),
    ],
    ['CAPABILITY_MISMATCH', none && names.some((name) => !name.capable)],
    ['MODEL_DELETED', !model],
    ['MODEL_INACTIVE', model && !model['is_active']],
    ['MODEL_NOT_AT_PROVIDER', modelsOf(pin, rows).length === 0],
    ['MODEL_NOT_ALLOWED', none && names.some((name) => !name.allowed)],
    ['MODEL_NOT_ON_PROVIDER_KEY', none && names.some((name) => !name.onKey)],
    ['NAME_TAKEN', model && names.length === 0],
    ['FORMAT_UNKNOWN', !FORMATS.includes(pin.apiFormat)],
    ['FORMAT_NOT_ALLOWED', listOf(apiKey?.['allowed_api_formats'])?.includes(pin.apiFormat) === false],
  ]
  return checks.filter(([, holds]) => holds).map(([reason]) => reason)
}

/** The active models by which the pinned provider serves the pin's model. */
const modelsOf = (pin: Pin, rows: Rows): Row[] =>
  [...rows.models.values()].filter(
    (row) =>
      row['provider_id'] === pin.providerId && row['global_model_id'] === pin.modelId && row['is_active'],
  )

/** @param now Unix milliseconds */
export function conditionsOf(pin: Pin, rows: Rows, now: number): string[] {
  if (staleReasonsOf(pin, rows, now).length > 0) return []
  const byDefault = field(rows.global_models.get(pin.modelId)?.['config'], 'streaming') ?? true
  const names = namesOf(pin, rows).map(({ allowed, onKey, capable }) => allowed && onKey && capable)
  return [
    ...(names.includes(false) ? ['ALIAS'] : []),
    ...(modelsOf(pin, rows).every((row) => (row['supports_streaming'] ?? byDefault) === false)
      ? ['STREAMING']
      : []),
  ]
}

export function usabilityOf(pin: Pin, rows: Rows, now: number): string {
  if (staleReasonsOf(pin, rows, now).length > 0) return 'STALE'
  return conditionsOf(pin, rows, now).length > 0 ? 'CONDITIONAL' : 'USABLE'
}

/** When the pin was used last: the expiry that was written less the provider key's TTL, never before the pin was made. */
export function lastUsedOf(pin: Pin, rows: Rows): number {
  const minutes = rows.provider_api_keys.get(pin.providerKeyId)?.['cache_ttl_minutes'] ?? 5
  return Math.trunc(Math.max(pin.createdAt, pin.writtenExpiry - Number(minutes) * 60) * 1000)
}

/** Times by the millisecond shown, exclusive; counts inclusive. */
function hasFigures(pin: Pin, rows: Rows, now: number, filter: Filter): boolean {
  const [created, expires] = [Math.trunc(pin.createdAt * 1000), Math.round(pin.expiresAt * 1000)]
  const { createdBefore, createdAfter, expiresBefore, expiresAfter } = filter
  const { requestCountMin = 0, requestCountMax = 2 ** 31, unusedForSeconds } = filter
  return (
    (createdBefore === undefined || created < Date.parse(createdBefore)) &&
    (createdAfter === undefined || created > Date.parse(createdAfter)) &&
    (expiresBefore === undefined || expires < Date.parse(expiresBefore)) &&
    (expiresAfter === undefined || expires > Date.parse(expiresAfter)) &&
    pin.requestCount >= requestCountMin &&
    pin.requestCount <= requestCountMax &&
    (unusedForSeconds === undefined || lastUsedOf(pin, rows) <= now - unusedForSeconds * 1000)
  )
}

/** Contract, "Resolving an identifier": exact matches first, in this order, else a substring. */
function matchesSearch(search: string, rows: Rows): (pin: Pin) => boolean {
  const text = search.trim()
  if (rows.api_keys.has(text)) return (pin) => pin.affinityKey === text
  const users = [...rows.users.values()]
  const user = ['id', 'username', 'email'].flatMap((column) => users.filter((row) => row[column] === text))[0]
  if (user) return (pin) => userOf(pin, rows)?.id === user.id

  const holds = (...names: unknown[]) =>
    names.some((name) => typeof name === 'string' && name.toLowerCase().includes(text.toLowerCase()))
  return (pin) => {
    const owner = userOf(pin, rows)
    return holds(
      pin.affinityKey,
      rows.api_keys.get(pin.affinityKey)?.['name'],
      owner?.id,
      owner?.['username'],
      owner?.['email'],
      pin.providerId,
      rows.providers.get(pin.providerId)?.['name'],
      pin.providerKeyId,
      rows.provider_api_keys.get(pin.providerKeyId)?.['name'],
      pin.modelId,
      rows.global_models.get(pin.modelId)?.['name'],
    )
  }
}

const EXACT = ['affinityKey', 'providerId', 'endpointId', 'providerKeyId', 'modelId', 'apiFormat'] as const

const VALUE = {
  EXPIRES_AT: (pin: Pin) => pin.expiresAt,
  CREATED_AT: (pin: Pin) => pin.createdAt,
  REQUEST_COUNT: (pin: Pin) => pin.requestCount,
} as const

export const inOrder = (pins: readonly Pin[], { field, direction }: Order): Pin[] => {
  const ascending = [...pins].sort(
    (a, b) => VALUE[field](a) - VALUE[field](b) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  )
  return direction === 'ASC' ? ascending : ascending.reverse()
}

/** The id of a pin, which the API shows and takes. */
export const idOf = ({ key }: Pin): string => Buffer.from(key).toString('base64url')

const isListed = (pin: Pin, rows: Rows, filter: Filter): boolean =>
  (
    [
      [filter.ids, idOf(pin)],
      [filter.affinityKeys, pin.affinityKey],
      [filter.userIds, userOf(pin, rows)?.id],
      [filter.providerIds, pin.providerId],
      [filter.endpointIds, pin.endpointId],
      [filter.providerKeyIds, pin.providerKeyId],
      [filter.modelIds, pin.modelId],
      [filter.apiFormats, pin.apiFormat],
    ] as const
  ).every(([values, value]) => values === undefined || (value !== undefined && values.includes(value)))

export interface Question {
  readonly search?: string | undefined
  readonly filter?: Filter | undefined
  readonly orderBy?: Order | undefined
}

/** Every pin that answers a question, in order. */
export function expectedPins(
  pins: readonly Pin[],
  rows: Rows,
  now: number,
  { search, filter = {}, orderBy = { field: 'EXPIRES_AT', direction: 'DESC' } }: Question,
): Pin[] {
  const found = search === undefined ? () => true : matchesSearch(search, rows)
  const kept = pins.filter(
    (pin) =>
      found(pin) &&
      EXACT.every((field) => filter[field] === undefined || pin[field] === filter[field]) &&
      (filter.userId === undefined || userOf(pin, rows)?.id === filter.userId) &&
      isListed(pin, rows, filter) &&
      hasFigures(pin, rows, now, filter) &&
      (filter.stale === undefined || staleReasonsOf(pin, rows, now).length > 0 === filter.stale) &&
      (filter.usability === undefined || usabilityOf(pin, rows, now) === filter.usability) &&
      (filter.staleReasons === undefined ||
        staleReasonsOf(pin, rows, now).some((reason) => filter.staleReasons?.includes(reason))),
  )
  return inOrder(kept, orderBy)
}

/** The key of an affinity that the API showed. */
export const keyOfNode = (node: { affinityKey: string; apiFormat: string; modelId: string }): string =>
  `cache_affinity:${node.affinityKey}:${node.apiFormat}:${node.modelId}`
