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
  readonly #requestFlush: (flush: () => void) => void

  /** `requestFlush` calls back when the screen may change next; it may fold several requests into one. */
  constructor(requestFlush: (flush: () => void) => void) {
    this.#requestFlush = requestFlush
  }

  readonly ids = (): readonly string[] => this.#ids
  readonly summary = (): LiveSummary => this.#summary
  readonly row = (id: string): LiveRow<R> | undefined => this.#rows.get(id)
  records(): R[] {
    return this.#ids.flatMap((id) => this.#rows.get(id)?.record ?? [])
  }

  /** Puts another page in this one's place. */
  show(records: readonly R[], total: number, now: number): void {
    this.#ids = records.map(({ id }) => id)
    this.#rows = new Map(records.map((record) => [record.id, rowOf(record, now)]))
    this.#created.clear()
    this.#gone.clear()
    this.#dirty.clear()
    this.#summary = { total, created: 0, gone: 0, readAt: now }
    for (const listeners of this.#rowListeners.values()) for (const listener of listeners) listener()
    this.#tellPage()
  }

  /** Fills in what events do not carry; rows stay where they are. */
  merge(records: readonly R[], now: number): void {
    for (const record of records) {
      if (this.#rows.has(record.id)) this.#change(record.id, rowOf(record, now))
    }
  }

  /** `counted` is false where nobody can tell whether records elsewhere belong to the selection. */
  apply(type: LiveEventType, changed: LiveRecord, now: number, counted: boolean): void {
    const { id } = changed
    const row = this.#rows.get(id)
    if (type === 'REMOVED' || type === 'EXPIRED') {
      if (row?.gone) return
      if (row) this.#change(id, { ...row, gone: type })
      if (!this.#created.delete(id) && (counted || row)) this.#gone.add(id)
    } else {
      if (type === 'CREATED' && !this.#gone.delete(id) && !row && counted) this.#created.add(id)
      if (row) {
        this.#gone.delete(id)
        this.#change(id, {
          record: { ...row.record, ...pick(changed) },
          until: now + changed.ttlSeconds * 1_000,
          gone: null,
          switched: row.switched || changed.providerKeyId !== row.record.providerKeyId,
        })
      }
    }
    this.#requestFlush(this.flush)
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

const pick = ({
  requestCount,
  expiresAt,
  ttlSeconds,
  createdAt,
  providerId,
  endpointId,
  providerKeyId,
}: LiveRecord) => ({
  requestCount,
  expiresAt,
  ttlSeconds,
  createdAt,
  providerId,
  endpointId,
  providerKeyId,
})
