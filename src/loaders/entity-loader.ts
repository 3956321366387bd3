import DataLoader from 'dataloader'
import type { MaybePromise } from '../util/promises.js'

/** Rows of one table for one request. */
export interface EntityLoader<Row> {
  /**
   * The row, or null where there is none. A row that this request already has is returned at once, without a
   * promise: a page of 1,000 affinities asks for the same few providers thousands of times.
   * @throws what the batch threw, for every id of that batch
   */
  load(id: string): MaybePromise<Row | null>
  /** Fetches what is not there yet, in one statement. Never rejects: a failure is met again by `load`. */
  prime(ids: Iterable<string>): Promise<void>
  /** Takes a row that came along with another read. */
  set(id: string, row: Row | null): void
  /** Returns the row if this request already has it; null if it is known that there is none. */
  known(id: string): Row | null | undefined
  /** Takes the rows that another loader has, for which this one then needs no statement. */
  adopt(other: Pick<EntityLoader<Row>, 'known'>): void
  /** Forgets all rows. */
  forget(): void
  /** Looks for rows in these as well, and adds to them what it reads. */
  share(rows: Map<string, Row | null>): void
}

/** PostgreSQL's text holds no NUL: such an id has no row, and would fail the statement for all the others. */
const canBeAnId = (id: string): boolean => !id.includes('\0')

/**
 * @param fetch one SQL statement for any number of ids. DataLoader's own cap is lifted, since a second
 *   batch would be a second statement.
 */
export function createEntityLoader<Row>(
  fetch: (ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>,
): EntityLoader<Row> {
  const known = new Map<string, Row | null>()
  let adopted: Pick<EntityLoader<Row>, 'known'> | undefined
  let shared: Map<string, Row | null> | undefined
  const rowOf = (id: string): Row | null | undefined => {
    const own = known.get(id)
    if (own !== undefined) return own
    const row = adopted?.known(id)
    return row === undefined ? shared?.get(id) : row
  }
  const keep = (id: string, row: Row | null): void => {
    known.set(id, row)
    shared?.set(id, row)
  }
  const failed = new Map<string, Error>()
  const createBatches = () =>
    new DataLoader<string, Row | null>(async (ids) => {
      const wanted = ids.filter(canBeAnId)
      const rows = wanted.length > 0 ? await fetch(wanted) : new Map<string, Row>()
      return ids.map((id) => rows.get(id) ?? null)
    })
  let batches: ReturnType<typeof createBatches> | undefined
  const batched = () => {
    batches ??= createBatches()
    return batches
  }

  return {
    load(id) {
      const row = rowOf(id)
      if (row !== undefined) return row
      const failure = failed.get(id)
      if (failure) throw failure
      return batched().load(id)
    },
    async prime(ids) {
      const missing = [...new Set(ids)].filter((id) => rowOf(id) === undefined && !failed.has(id))
      if (missing.length === 0) return
      const rows = await batched().loadMany(missing)
      missing.forEach((id, index) => {
        const row = rows[index] ?? null
        if (row instanceof Error) failed.set(id, row)
        else keep(id, row)
      })
    },
    set: keep,
    known: rowOf,
    adopt(other) {
      adopted = other
    },
    forget() {
      known.clear()
      failed.clear()
      // DataLoader keeps its last batch, with the promises of all rows, also after `clearAll`.
      batches = undefined
      adopted = undefined
      shared = undefined
    },
    share(rows) {
      shared = rows
    },
  }
}

export const byId = <Row extends { id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [row.id, row]))
