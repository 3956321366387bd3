/**
 * Observes SQL statements by wrapping Prisma's driver adapter. Prisma's own `query` event costs the same (measured), but it
 * contains all parameters, and so secrets, cannot be stopped, and misses statements that do not use Prisma's client.
 */
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from '@prisma/driver-adapter-utils'

/** Receives each statement without its parameters, which may be secrets. */
export type QueryListener = (sql: string, durationMs: number) => void

export interface ObservedFactory {
  readonly factory: SqlMigrationAwareDriverAdapterFactory
  readonly onQuery: (listener: QueryListener) => () => void
  /** Tells the listeners of a statement that did not come through the factory. */
  readonly tell: QueryListener
}

/** Wraps the run of each statement. */
export type Around = <T>(run: () => Promise<T>) => Promise<T>

export function observeQueries(
  factory: SqlMigrationAwareDriverAdapterFactory,
  around: Around = (run) => run(),
): ObservedFactory {
  const listeners = new Set<QueryListener>()

  const tell: QueryListener = (sql, durationMs) => {
    for (const listener of listeners) listener(sql, durationMs)
  }

  const timed =
    <T>(run: (query: SqlQuery) => Promise<T>) =>
    async (query: SqlQuery): Promise<T> => {
      const start = performance.now()
      try {
        return await around(() => run(query))
      } finally {
        tell(query.sql, performance.now() - start)
      }
    }

  // The driver's methods are on its prototype, so they are replaced on the instance rather than copied.
  const observe = <A extends SqlDriverAdapter | Transaction>(adapter: A): A => {
    adapter.queryRaw = timed(adapter.queryRaw.bind(adapter))
    adapter.executeRaw = timed(adapter.executeRaw.bind(adapter))
    return adapter
  }

  const observeAdapter = (adapter: SqlDriverAdapter): SqlDriverAdapter => {
    const start = adapter.startTransaction.bind(adapter)
    adapter.startTransaction = async (isolationLevel) => observe(await around(() => start(isolationLevel)))
    return observe(adapter)
  }

  return {
    factory: {
      provider: factory.provider,
      adapterName: factory.adapterName,
      connect: async () => observeAdapter(await factory.connect()),
      connectToShadowDb: () => factory.connectToShadowDb(),
    },
    tell,
    onQuery(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
