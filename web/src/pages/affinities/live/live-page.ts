/** What an event carries of a record. */
export interface LiveRecord {
  readonly id: string
  readonly requestCount: number
  readonly expiresAt: string
  readonly ttlSeconds: number
  readonly createdAt: string
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
}

export type LiveEventType = 'CREATED' | 'REFRESHED' | 'SWITCHED' | 'REMOVED' | 'EXPIRED'

export interface LiveRow<R> {
  readonly record: R
  /** When it expires by this machine's clock, Unix milliseconds: the server's clock may differ. */
  readonly until: number
  readonly gone: 'REMOVED' | 'EXPIRED' | null
  /** It points elsewhere now, and the names of where are not known yet. */
  readonly switched: boolean
}

/** The record as an event says that it is now. */
export type Follow<R> = (record: R, changed: LiveRecord) => R

interface Change {
  readonly type: LiveEventType
  readonly changed: LiveRecord
  readonly now: number
}

export interface LiveSummary {
  /** Records before paging, when the page was read. */
  readonly total: number
  /** Since then, over all pages of the selection. */
  readonly created: number
  readonly gone: number
  /** Unix milliseconds. */
  readonly readAt: number
}

/**
 * One page of records that stays put while the cache changes below it. An operator who reads a row, or is about to
 * click on it, must not find another in its place: so records change in place, those that go stay, struck out, and
 * those that come are counted, until somebody asks for the page anew.
 *
 * Events are taken in as they come and cost a look-up each; who shows the page is told at most once a frame.
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
  /** What happened since the read began that is under way, the last of each record; null while none is. */
  #meanwhile: Map<string, Change> | null = null
  readonly #requestFlush: (flush: () => void) => void
  readonly #follow: Follow<R>

  /** `requestFlush` calls back when the screen may change next; it may fold several requests into one. */
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

  /** The server is asked for a page. Its answer may be older than events that come before it does. */
  startReading(): void {
    this.#meanwhile = new Map()
  }

  /** No answer will come. */
  stopReading(): void {
    this.#meanwhile = null
  }

  /** Puts another page in this one's place. */
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

  /** Fills in what events do not carry. An event that came meanwhile knows better where a record points, and that it is gone. */
  merge(records: readonly R[]): void {
    for (const record of records) {
      const row = this.#rows.get(record.id)
      if (!row || row.gone || pointsElsewhere(row.record, record)) continue
      this.#change(record.id, { ...row, record: this.#follow(record, row.record), switched: false })
    }
  }

  /** `counted` is false where nobody can tell whether records elsewhere belong to the selection. */
  apply(type: LiveEventType, changed: LiveRecord, now: number, counted: boolean): void {
    const { id } = changed
    const change = { type, changed, now }
    this.#meanwhile?.set(id, change)
    const row = this.#rows.get(id)
    if (isGone(type)) {
      if (row?.gone) return
      if (!this.#created.delete(id) && (counted || row)) this.#gone.add(id)
    } else {
      if (type === 'CREATED' && !this.#gone.delete(id) && !row && counted) this.#created.add(id)
      if (row) this.#gone.delete(id)
    }
    if (row) this.#change(id, this.#after(row, change))
    this.#requestFlush(this.flush)
  }

  #after(row: LiveRow<R>, { type, changed, now }: Change): LiveRow<R> {
    if (isGone(type)) return { ...row, gone: type }
    return {
      record: this.#follow(row.record, changed),
      until: now + changed.ttlSeconds * 1_000,
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

const rowOf = <R extends LiveRecord>(record: R, now: number): LiveRow<R> => ({
  record,
  until: now + record.ttlSeconds * 1_000,
  gone: null,
  switched: false,
})

const isGone = (type: LiveEventType): type is 'REMOVED' | 'EXPIRED' =>
  type === 'REMOVED' || type === 'EXPIRED'

export const pointsElsewhere = (before: LiveRecord, now: LiveRecord): boolean =>
  before.providerId !== now.providerId ||
  before.endpointId !== now.endpointId ||
  before.providerKeyId !== now.providerKeyId
