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
}

export interface Filter {
  readonly affinityKey?: string | undefined
  readonly userId?: string | undefined
  readonly providerId?: string | undefined
  readonly endpointId?: string | undefined
  readonly providerKeyId?: string | undefined
  readonly modelId?: string | undefined
  readonly apiFormat?: string | undefined
  readonly stale?: boolean | undefined
}

export interface Order {
  readonly field: 'EXPIRES_AT' | 'CREATED_AT' | 'REQUEST_COUNT'
  readonly direction: 'ASC' | 'DESC'
}

/** The fixtures' readable affinities as loaded at `now`, in milliseconds. */
export const fixturePins = (now: number): Pin[] =>
  fixtureEntries().flatMap(({ key, record }) => {
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
        expiresAt: now / 1000 + record.expire_in,
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
  }
}

export const userOf = (pin: Pin, rows: Rows): Row | undefined =>
  rows.users.get(String(rows.api_keys.get(pin.affinityKey)?.['user_id']))

const IS_UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/** @param now Unix milliseconds */
export function staleReasonsOf(pin: Pin, rows: Rows, now: number): string[] {
  const apiKey = rows.api_keys.get(pin.affinityKey)
  const user = userOf(pin, rows)
  const provider = rows.providers.get(pin.providerId)
  const endpoint = rows.provider_endpoints.get(pin.endpointId)
  const providerKey = rows.provider_api_keys.get(pin.providerKeyId)
  const model = rows.global_models.get(pin.modelId)
  const expired = (row: Row) => row['expires_at'] instanceof Date && row['expires_at'].getTime() <= now
  const checks: readonly [string, unknown][] = [
    ['API_KEY_DELETED', !apiKey],
    ['API_KEY_INACTIVE', apiKey && !apiKey['is_active']],
    ['API_KEY_EXPIRED', apiKey && expired(apiKey)],
    ['USER_INACTIVE', user && (!user['is_active'] || user['is_deleted'])],
    ['PROVIDER_DELETED', !provider],
    ['PROVIDER_INACTIVE', provider && !provider['is_active']],
    ['ENDPOINT_DELETED', !endpoint],
    ['ENDPOINT_INACTIVE', endpoint && !endpoint['is_active']],
    ['PROVIDER_KEY_DELETED', !providerKey],
    ['PROVIDER_KEY_INACTIVE', providerKey && !providerKey['is_active']],
    ['PROVIDER_KEY_EXPIRED', providerKey && expired(providerKey)],
    ['CIRCUIT_OPEN', providerKey?.['circuit_breaker_open']],
    ['MODEL_DELETED', !model && IS_UUID.test(pin.modelId)],
    ['MODEL_INACTIVE', model && !model['is_active']],
  ]
  return checks.filter(([, holds]) => holds).map(([reason]) => reason)
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
      (filter.stale === undefined || staleReasonsOf(pin, rows, now).length > 0 === filter.stale),
  )
  return inOrder(kept, orderBy)
}

/** The key of an affinity that the API showed. */
export const keyOfNode = (node: { affinityKey: string; apiFormat: string; modelId: string }): string =>
  `cache_affinity:${node.affinityKey}:${node.apiFormat}:${node.modelId}`
