import { randomUUID } from 'node:crypto'
import type {
  AffinityChanges,
  ChangesPage,
  ChangesRequest,
  ClearMark,
  KnownRemoval,
  ListedChange,
  ListedType,
} from '../affinity-changes.js'
import type { AffinityRecord } from '../affinity-record.js'

/** Changes that are kept: some 700 bytes each. */
const MAX_CHANGES = 10_000
/** So many times as many are held before the oldest are dropped, all at once: a change costs five steps on average. */
const SLACK = 1.25
/** A clear of more affinities is one change. */
const LARGE_CLEAR = 100
/** Ids of each kind by which a large clear is found; one that had more of them is found by any id. */
const MAX_IDS = 64

export interface ChangeListDeps {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Default 10,000. */
  readonly maxChanges?: number
}

interface Entry extends ListedChange {
  count: number
  /** Given for a large clear. */
  readonly large?: LargeClear
}

const FOUND_BY = ['providerId', 'providerKeyId', 'affinityKey'] as const
type FoundBy = (typeof FOUND_BY)[number]
/** The distinct ids of what a large clear removed; undefined if they are too many to tell. */
type LargeClear = Record<FoundBy, Set<string> | undefined>

/** The latest switches, removals and clears, of a bounded number. */
export class ChangeList implements AffinityChanges {
  readonly runId = randomUUID()
  readonly #deps: ChangeListDeps
  readonly #max: number
  /** Oldest first: the last ones, at most `#max`, are the list. */
  #entries: Entry[] = []
  /** What is listed of each clear. */
  readonly #ofClears = new WeakMap<ClearMark, Entry[]>()
  #lastNumber = 0
  /** Everything since then was seen, unless nothing is seen now. */
  #seenSince: number
  #isFollowed = false
  #hasDropped = false

  constructor(deps: ChangeListDeps) {
    this.#deps = deps
    this.#max = deps.maxChanges ?? MAX_CHANGES
    this.#seenSince = deps.now()
  }

  /** Tells whether changes are seen from now on. */
  follow(isFollowed: boolean): void {
    if (isFollowed && !this.#isFollowed) this.#seenSince = this.#deps.now()
    this.#isFollowed = isFollowed
  }

  switched(record: AffinityRecord, previous: AffinityRecord): void {
    this.#add('SWITCHED', record, { previous })
  }

  removed(record: AffinityRecord, by?: KnownRemoval): void {
    if (by === undefined) {
      this.#add('REMOVED', record, {})
      return
    }
    // What was written back had been removed before.
    if (!by.isFirst) return
    const { clear } = by
    const listed = this.#ofClears.get(clear) ?? []
    this.#ofClears.set(clear, listed)
    const [first] = listed
    if (first?.large) {
      addIds(first.large, record)
      first.count += 1
      return
    }
    listed.push(this.#add('REMOVED', record, { clear }))
    if (listed.length > LARGE_CLEAR) this.#merge(clear, listed)
  }

  page({ before, first, ...wanted }: ChangesRequest): ChangesPage {
    const listed = this.#entries.slice(-this.#max)
    const found = listed.filter((entry) => isWanted(entry, wanted)).reverse()
    const start = before === undefined ? 0 : found.filter(({ number }) => number >= before).length
    const oldest = this.#hasDropped || this.#entries.length > this.#max ? listed[0]?.at.getTime() : undefined
    const now = this.#deps.now()
    return {
      changes: found.slice(start, start + first),
      totalCount: found.length,
      hasNextPage: start + first < found.length,
      hasPreviousPage: start > 0 && found.length > 0,
      knownSince: new Date(this.#isFollowed ? Math.max(this.#seenSince, oldest ?? 0) : now),
    }
  }

  #add(
    type: ListedType,
    record: AffinityRecord,
    { previous, clear }: { readonly previous?: AffinityRecord; readonly clear?: ClearMark },
  ): Entry {
    this.#lastNumber += 1
    const { affinityKey, apiFormat, modelId, family } = record
    const entry: Entry = {
      number: this.#lastNumber,
      type,
      at: new Date(this.#deps.now()),
      affinityKey,
      apiFormat,
      modelId,
      family,
      ...pinOf(record),
      previous: previous && pinOf(previous),
      auditEventId: clear?.auditEventId ?? null,
      count: 1,
    }
    this.#entries.push(entry)
    if (this.#entries.length >= this.#max * SLACK) {
      this.#entries = this.#entries.slice(-this.#max)
      this.#hasDropped = true
    }
    return entry
  }

  /** Puts one change in the place of those of a clear. */
  #merge(clear: ClearMark, listed: readonly Entry[]): void {
    const [first] = listed
    if (first === undefined) return
    const large: LargeClear = { providerId: new Set(), providerKeyId: new Set(), affinityKey: new Set() }
    for (const entry of listed) addIds(large, entry)
    const merged: Entry = { ...first, count: listed.length, large }
    const gone = new Set(listed)
    const rest = this.#entries.flatMap((entry) =>
      entry === first ? [merged] : gone.has(entry) ? [] : [entry],
    )
    // Its first removal may have been dropped, with everything before it.
    this.#entries = rest.includes(merged) ? rest : [merged, ...rest]
    this.#ofClears.set(clear, [merged])
  }
}

const pinOf = ({ providerId, endpointId, providerKeyId }: AffinityRecord) => ({
  providerId,
  endpointId,
  providerKeyId,
})

function addIds(large: LargeClear, record: Readonly<Record<FoundBy, string>>): void {
  for (const field of FOUND_BY) {
    const ids = large[field]?.add(record[field])
    if (ids && ids.size > MAX_IDS) large[field] = undefined
  }
}

function isWanted(
  entry: Entry,
  { types, since, providerId, providerKeyId, affinityKeys }: Omit<ChangesRequest, 'before' | 'first'>,
): boolean {
  if (types && !types.has(entry.type)) return false
  if (since !== undefined && entry.at.getTime() < since) return false
  return (
    (providerId === undefined || hasId(entry, 'providerId', (id) => id === providerId)) &&
    (providerKeyId === undefined || hasId(entry, 'providerKeyId', (id) => id === providerKeyId)) &&
    (affinityKeys === undefined ||
      (affinityKeys.size > 0 && hasId(entry, 'affinityKey', (id) => affinityKeys.has(id))))
  )
}

function hasId(entry: Entry, field: FoundBy, isMeant: (id: string) => boolean): boolean {
  if (entry.large) {
    const ids = entry.large[field]
    return ids === undefined || [...ids].some(isMeant)
  }
  if (isMeant(entry[field])) return true
  return field !== 'affinityKey' && entry.previous !== undefined && isMeant(entry.previous[field])
}
