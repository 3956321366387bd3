import { OverloadedError, UnavailableError } from '../../errors.js'
import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import { parseJson } from '../../util/text.js'
import type { RunQuery } from '../table-reader.js'

/** Rows of one kind, as a part of a statement that reads several. */
export interface Part<Row> {
  /** Different for each kind, and plain enough for SQL. */
  readonly kind: string
  /** Expressions whose values are read from JSON as they would be from a row. */
  readonly select: readonly string[]
  /** From FROM on. @param ids the parameter that holds the ids */
  rest(ids: string): string
  rowOf(values: readonly unknown[]): Row
}

type Ids = readonly string[]

interface Asked {
  readonly part: Part<unknown>
  readonly ids: Ids
  /** Reads the same rows by a statement of its own. */
  readonly alone: (ids: Ids) => Promise<unknown[]>
  readonly resolve: (rows: unknown[] | PromiseLike<unknown[]>) => void
  readonly reject: (error: unknown) => void
}

/** Ids of one kind up to which it is combined: V8 puts what it makes of more than 100 kB of JSON where only a full collection finds it. */
const MOST_IDS = 200

/** Makes reads that share a statement if they are asked in the same turn. */
export interface Combiner {
  /** @param alone the same read by a statement of its own, for a turn in which nothing else is asked */
  combined<Row>(part: Part<Row>, alone: (ids: Ids) => Promise<Row[]>): (ids: Ids) => Promise<Row[]>
}

/**
 * A page of affinities needs rows of five tables. Each statement of its own would cost the driver more than the rows of a small
 * table do: it is written to a socket, wakes a session, and has its rows taken apart column by column. One statement gives each
 * kind as one JSON.
 */
export function createCombiner(query: RunQuery): Combiner {
  let asked = new Map<string, Asked>()
  /** By the kinds. */
  const statements = new Map<string, string>()

  function statementOf(parts: readonly Part<unknown>[]): string {
    const name = parts.map(({ kind }) => kind).join()
    const known = statements.get(name)
    if (known !== undefined) return known
    const sql = parts
      .map(
        ({ kind, select, rest }, index) =>
          `SELECT '${kind}', json_agg(json_build_array(${select.join(', ')}))::text ${rest(`$${index + 1}`)}`,
      )
      .join('\nUNION ALL ')
    statements.set(name, sql)
    return sql
  }

  const eachAlone = (batch: readonly Asked[]): void => {
    for (const { ids, alone, resolve } of batch) resolve(alone(ids))
  }

  async function together(batch: readonly Asked[]): Promise<void> {
    const sql = statementOf(batch.map(({ part }) => part))
    try {
      const answer = await mapDatabaseErrors(() =>
        query(
          sql,
          batch.map(({ ids }) => ids),
          'kept',
        ),
      )
      const found = new Map(answer.map(([kind, json]) => [kind, json]))
      for (const { part, resolve } of batch) {
        // A kind without a row is null.
        const rows = parseJson(String(found.get(part.kind)))
        resolve(Array.isArray(rows) ? rows.map((values) => part.rowOf(values)) : [])
      }
    } catch (error) {
      const isOutage = error instanceof UnavailableError || error instanceof OverloadedError
      // One table that cannot be read any more must not take the others with it.
      if (isOutage) for (const { reject } of batch) reject(error)
      else eachAlone(batch)
    }
  }

  function send(): void {
    // In one order, so that equal turns have one statement.
    const batch = [...asked.values()].sort((a, b) => (a.part.kind < b.part.kind ? -1 : 1))
    asked = new Map()
    if (batch.length > 1) void together(batch)
    else eachAlone(batch)
  }

  return {
    combined(part, alone) {
      return (ids) => {
        if (ids.length === 0 || ids.length > MOST_IDS) return alone(ids)
        return new Promise((resolve, reject) => {
          // The same kind is asked twice where two requests fall in one turn.
          if (asked.has(part.kind)) send()
          if (asked.size === 0) queueMicrotask(() => asked.size > 0 && send())
          asked.set(part.kind, { part, ids, alone, resolve: resolve as Asked['resolve'], reject })
        })
      }
    },
  }
}
