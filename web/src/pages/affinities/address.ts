import type {
  AffinityFilter,
  AffinityOrderField,
  OrderDirection,
  StaleReason,
} from '../../generated/graphql.js'
import { STALE_REASONS, USABILITIES, type Use } from './verdict.js'

export const PAGE_SIZES = [25, 50, 100, 200, 500, 1_000] as const
export const DEFAULT_SIZE = 50
const LONGEST_SEARCH = 255

/** The parameter names of the address are short and stable, because runbooks contain links. */
export const FILTER_PARAMS = {
  userId: 'user',
  affinityKey: 'key',
  providerId: 'provider',
  providerKeyId: 'provider-key',
  endpointId: 'endpoint',
  modelId: 'model',
  apiFormat: 'format',
  clientFamily: 'client',
  sessionHash: 'session',
} as const
export type FilterField = keyof typeof FILTER_PARAMS
export const FILTER_FIELDS = Object.keys(FILTER_PARAMS) as FilterField[]
/** The parameters of a verdict: `stale` is older than the others, and stands in links. */
export const VERDICT_PARAMS = { stale: 'stale', usability: 'usability', reasons: 'reason' } as const
/** The parameter of what a clear leads to: the pins that were made after it. */
export const CREATED_AFTER = 'created-after'

/** Every parameter that an address may have. */
export const PARAMETERS: readonly string[] = [
  ...Object.values(FILTER_PARAMS),
  ...Object.values(VERDICT_PARAMS),
  CREATED_AFTER,
  ...['q', 'sort', 'page', 'size', 'open'],
]

export type Filters = Partial<Record<FilterField, string>>

/** Each column but that of the state has an order: those of names by name, A before Z at first. */
export const SORTS = {
  expires: 'EXPIRES_AT',
  created: 'CREATED_AT',
  requests: 'REQUEST_COUNT',
  user: 'USER',
  key: 'API_KEY',
  format: 'API_FORMAT',
  model: 'MODEL',
  provider: 'PROVIDER',
  'provider-key': 'PROVIDER_KEY',
} as const satisfies Record<string, AffinityOrderField>
type SortName = keyof typeof SORTS
export type SortField = (typeof SORTS)[SortName]
const SORT_NAMES = Object.keys(SORTS) as SortName[]

/** What a column begins with: the largest number, the latest time, the first name. */
export const firstDirection = (field: SortField): OrderDirection =>
  ['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'].includes(field) ? 'DESC' : 'ASC'

export const TURNED = { ASC: 'DESC', DESC: 'ASC' } as const

/** Returns the parameter that says this order. */
export function sortParam({ field, direction }: Sort): string {
  const name = SORT_NAMES.find((known) => SORTS[known] === field) ?? 'expires'
  return direction === 'DESC' ? `-${name}` : name
}

export interface Sort {
  readonly field: SortField
  readonly direction: OrderDirection
}

export interface ViewState {
  readonly search: string
  readonly filters: Filters
  /** Null without a filter by verdict. */
  readonly use: Use | null
  /** One of them is enough; without any, they are not asked for. */
  readonly reasons: readonly StaleReason[]
  /** RFC 3339; null without a filter by it. */
  readonly createdAfter: string | null
  readonly sort: Sort
  /** 1 for the first. */
  readonly page: number
  readonly size: number
  /** Id of the record whose details are open. */
  readonly open: string | null
}

/** A part of the address that has no meaning here. */
export interface Unreadable {
  readonly name: string
  readonly value: string
  /** What the parameter takes; null if there is no such parameter. */
  readonly takes: readonly string[] | null
}

export interface Address {
  readonly view: ViewState
  /** A person who sees a list believes that it is what the address asks for, and clears by it: nothing may be left out. */
  readonly unreadable: readonly Unreadable[]
}

type Read = <Meaning>(
  name: string,
  takes: readonly string[],
  meaningOf: (text: string) => Meaning | undefined,
) => Meaning | undefined

interface ParameterReader {
  /** Returns what a parameter means; undefined if it is absent, or has no meaning. */
  readonly read: Read
  /** What has been read without a meaning. */
  readonly unreadable: readonly Unreadable[]
  /** Notes every parameter that is none of the page's. */
  noteUnknown(known: readonly string[]): void
}

/** Reads the parameters of an address, and notes those that have no meaning. */
export function readerOf(params: URLSearchParams): ParameterReader {
  const unreadable: Unreadable[] = []
  return {
    read(name, takes, meaningOf) {
      const [text, ...more] = params.getAll(name)
      if (text === undefined) return undefined
      const meaning = more.length === 0 && text !== '' ? meaningOf(text) : undefined
      if (meaning === undefined) unreadable.push({ name, value: [text, ...more].join(` … ${name}=`), takes })
      return meaning
    },
    unreadable,
    noteUnknown(known) {
      for (const [name, value] of params)
        if (!known.includes(name)) unreadable.push({ name, value, takes: null })
    },
  }
}

export const oneOf =
  <Value extends string | number>(values: readonly Value[]) =>
  (text: string) =>
    values.find((value) => String(value) === text)

/** Reads the whole state of the table from its address. */
export function readAddress(params: URLSearchParams): Address {
  const { read, unreadable, noteUnknown } = readerOf(params)
  const text = (name: string) => read(name, ['…'], (value) => value)

  const filters: Filters = {}
  for (const field of FILTER_FIELDS) {
    const value = text(FILTER_PARAMS[field])
    if (value !== undefined) filters[field] = value
  }
  const isStale = read(VERDICT_PARAMS.stale, ['true', 'false'], oneOf(['true', 'false']))
  const usability = read(VERDICT_PARAMS.usability, USABILITIES, (value) =>
    // Together they may contradict each other, and each says it alone.
    isStale === undefined ? oneOf(USABILITIES)(value) : undefined,
  )
  const reasons = read(VERDICT_PARAMS.reasons, ['CIRCUIT_OPEN,PROVIDER_INACTIVE,…'], reasonsOf)
  const sorts = SORT_NAMES.flatMap((name) =>
    (['ASC', 'DESC'] as const).map((direction) => ({ field: SORTS[name], direction })),
  )
  const sort = read('sort', sorts.map(sortParam), (value) => sorts.find((one) => sortParam(one) === value))
  const view: ViewState = {
    search:
      read('q', [`1–${LONGEST_SEARCH}`], (value) => (value.length <= LONGEST_SEARCH ? value : undefined)) ??
      '',
    filters,
    use: isStale === undefined ? (usability ?? null) : isStale === 'true' ? 'STALE' : 'NOT_STALE',
    reasons: reasons ?? [],
    createdAfter: read(CREATED_AFTER, ['2026-11-27T03:00:00Z'], timeOf) ?? null,
    sort: sort ?? { field: 'EXPIRES_AT', direction: 'DESC' },
    page: read('page', ['1', '2', '…'], pageOf) ?? 1,
    size: read('size', PAGE_SIZES.map(String), oneOf(PAGE_SIZES)) ?? DEFAULT_SIZE,
    open: text('open') ?? null,
  }
  noteUnknown(PARAMETERS)
  return { view, unreadable }
}

const isReason = (text: string): text is StaleReason => STALE_REASONS.some((reason) => reason === text)

function reasonsOf(text: string): readonly StaleReason[] | undefined {
  const reasons = [...new Set(text.split(','))]
  return reasons.every(isReason) ? reasons : undefined
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/
const timeOf = (text: string): string | undefined =>
  TIME.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined

/** The API counts records in 32 bits, and no page of it is further than that. */
const pageOf = (text: string): number | undefined => (/^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined)

/** Returns the filter that the view selects by; null if it selects everything. */
export function filterOf({
  filters,
  use,
  reasons,
  createdAfter,
}: Pick<ViewState, 'filters' | 'use' | 'reasons' | 'createdAfter'>): AffinityFilter | null {
  const filter: AffinityFilter = {
    ...filters,
    ...(use !== null &&
      (use === 'STALE' || use === 'NOT_STALE' ? { stale: use === 'STALE' } : { usability: use })),
    ...(reasons.length > 0 && { staleReasons: [...reasons] }),
    ...(createdAfter !== null && { createdAfter }),
  }
  return Object.keys(filter).length > 0 ? filter : null
}

/** Returns the parameters that say this verdict. */
export const verdictParams = (use: Use | null) => ({
  [VERDICT_PARAMS.stale]: use === 'STALE' ? 'true' : use === 'NOT_STALE' ? 'false' : null,
  [VERDICT_PARAMS.usability]: use === 'USABLE' || use === 'CONDITIONAL' ? use : null,
})

/** Returns the address of the list of what is pinned since a time, as far as the fields of a filter say where and whose. */
export function pinnedSince(filter: AffinityFilter, since: string): string {
  const params = new URLSearchParams()
  for (const field of FILTER_FIELDS) {
    const value = filter[field]
    if (value != null) params.set(FILTER_PARAMS[field], String(value))
  }
  params.set(CREATED_AFTER, since)
  return `/affinities?${params}`
}
