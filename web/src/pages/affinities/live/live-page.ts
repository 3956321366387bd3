/** An event carries these fields of a record. */
export interface LiveRecord {
  readonly id: string
  readonly requestCount: number
  readonly expiresAt: string | null
  readonly ttlSeconds: number | null
  readonly createdAt: string
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
}

/** LEFT: the record exists, and the page's filter no longer holds for it. */
export type Gone = 'REMOVED' | 'EXPIRED' | 'LEFT'
export type LiveEventType = 'CREATED' | 'REFRESHED' | 'SWITCHED' | 'ENTERED' | Gone

export interface LiveRow<R> {
  readonly record: R
  /** The record expires at this time of the local clock, Unix milliseconds: the server's clock may differ. Null: never. */
  readonly until: number | null
  readonly gone: Gone | null
  /** The record is pinned to another target now, and the target's names are not known yet. */
  readonly switched: boolean
}

/** Applies the fields of an event to a record. */
export type Follow<R> = (record: R, changed: LiveRecord) => R

interface Change {
  readonly type: LiveEventType
  readonly changed: LiveRecord
  readonly now: number
}

export interface LiveSummary {
  /** The number of records in the selection when the page was read. */
  readonly total: number
  /** The number of new records since then, on all pages of the selection. */
  readonly created: number
  readonly gone: number
  /** Unix milliseconds. */
  readonly readAt: number
}

/**
 * The page keeps its rows in place while the cache changes. An operator who is about to click on a row must not find
 * another row there. So records change in place, removed records stay and are struck out, and new records are only
 * counted until the page is read again.
 *
 * Each event costs one look-up. Listeners are called at most once per frame.
 */
export class LivePage<R extends LiveRecord> {
  #ids: readonly string[] = []
  #rows = new Map<string, LiveRow<R>>()
  #summary: LiveSummary = { total: 0, created: 0, gone: 0, readAt: 0 }
  readonly #created = new Set<string>()
  readonly #gone = new Set<string>()
  readonly #dirty = new Set<string>()
  readonly #rowListeners = new Map<string, Set<() => void>>()
  readonly #pageListeners = new Set<() => void>()
  /** The last change of each record since the running read began; null if no read is running. */
  #meanwhile: Map<string, Change> | null = null
  readonly #requestFlush: (flush: () => void) => void
  readonly #follow: Follow<R>

  /** `requestFlush` calls back when the screen may change next. It may merge several requests into one. */
  constructor(requestFlush: (flush: () => void) => void, follow: Follow<R>) {
    this.#requestFlush = requestFlush
    this.#follow = follow
  }

  readonly ids = (): readonly string[] => this.#ids
  readonly summary = (): LiveSummary => this.#summary
  readonly row = (id: string): LiveRow<R> | undefined => this.#rows.get(id)
  records(): R[] {
    return this.#ids.flatMap((id) => this.#rows.get(id)?.record ?? [])
  }

  /** A read begins. Its answer may be older than events that arrive before it. */
  startReading(): void {
    this.#meanwhile = new Map()
  }

  /** The read has failed. */
  stopReading(): void {
    this.#meanwhile = null
  }

  /** Replaces all rows by those of another page. */
  show(records: readonly R[], total: number, now: number): void {
    this.#ids = records.map(({ id }) => id)
    this.#rows = new Map(records.map((record) => [record.id, rowOf(record, now)]))
    this.#created.clear()
    this.#gone.clear()
    this.#dirty.clear()
    this.#summary = { total, created: 0, gone: 0, readAt: now }
    for (const [id, change] of this.#meanwhile ?? []) {
      const row = this.#rows.get(id)
      if (row) this.#rows.set(id, this.#after(row, change))
    }
    this.#meanwhile = null
    for (const listeners of this.#rowListeners.values()) for (const listener of listeners) listener()
    this.#tellPage()
  }

  /** Adds the names that events do not carry. A newer event wins over the target or the presence of a record. */
  merge(records: readonly R[]): void {
    for (const record of records) {
      const row = this.#rows.get(record.id)
      if (!row || row.gone || pointsElsewhere(row.record, record)) continue
      this.#change(record.id, { ...row, record: this.#follow(record, row.record), switched: false })
    }
  }

  /** `counted` is false if the page cannot know whether records on other pages belong to the selection. */
  apply(type: LiveEventType, changed: LiveRecord, now: number, counted: boolean): void {
    const { id } = changed
    const change = { type, changed, now }
    this.#meanwhile?.set(id, change)
    const row = this.#rows.get(id)
    if (isGone(type)) {
      if (row?.gone) return
      if (!this.#created.delete(id) && (counted || row)) this.#gone.add(id)
    } else {
      if ((type === 'CREATED' || type === 'ENTERED') && !this.#gone.delete(id) && !row && counted)
        this.#created.add(id)
      if (row) this.#gone.delete(id)
    }
    if (row) this.#change(id, this.#after(row, change))
    this.#requestFlush(this.flush)
  }

  #after(row: LiveRow<R>, { type, changed, now }: Change): LiveRow<R> {
    if (isGone(type)) return { ...row, gone: type }
    return {
      record: this.#follow(row.record, changed),
      until: untilOf(changed, now),
      gone: null,
      switched: row.switched || pointsElsewhere(row.record, changed),
    }
  }

  readonly subscribeRow = (id: string, listener: () => void): (() => void) => {
    const listeners = this.#rowListeners.get(id) ?? new Set()
    this.#rowListeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#rowListeners.delete(id)
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#pageListeners.add(listener)
    return () => this.#pageListeners.delete(listener)
  }

  readonly flush = (): void => {
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    for (const id of dirty) for (const listener of this.#rowListeners.get(id) ?? []) listener()
    const [created, gone] = [this.#created.size, this.#gone.size]
    if (created === this.#summary.created && gone === this.#summary.gone) return
    this.#summary = { ...this.#summary, created, gone }
    this.#tellPage()
  }

  #change(id: string, row: LiveRow<R>): void {
    this.#rows.set(id, row)
    this.#dirty.add(id)
    this.#requestFlush(this.flush)
  }

  #tellPage(): void {
    for (const listener of this.#pageListeners) listener()
  }
}

const untilOf = ({ ttlSeconds }: LiveRecord, now: number): number | null =>
  ttlSeconds === null ? null : now + ttlSeconds * 1_000

export const rowOf = <R extends LiveRecord>(record: R, now: number): LiveRow<R> => ({
  record,
  until: untilOf(record, now),
  gone: null,
  switched: false,
})

const isGone = (type: LiveEventType): type is Gone =>
  type === 'REMOVED' || type === 'EXPIRED' || type === 'LEFT'

export const pointsElsewhere = (before: LiveRecord, now: LiveRecord): boolean =>
  before.providerId !== now.providerId ||
  before.endpointId !== now.endpointId ||
  before.providerKeyId !== now.providerKeyId
