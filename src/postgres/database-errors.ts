import { databaseUnavailable, NotAvailableError, OverloadedError, UnavailableError } from '../errors.js'
import type { PrismaClient } from '../generated/prisma/client.js'
import { UNREACHABLE_CODES } from '../util/reachability.js'

/**
 * Recognises the errors of Prisma, its driver adapters, pg and PGlite that mean that the database could not answer. Prisma
 * wraps the driver's error in `cause` or `meta`, or throws it as it is: so every layer is checked.
 */

// Prisma's codes for: unreachable, refused, timed out, closed, pool exhausted, no transaction in time.
const PRISMA_CODES = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1010',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
])

// The kinds of DriverAdapterError for the same.
const ADAPTER_KINDS = new Set([
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
  'TransactionAlreadyClosed',
])

// SQLSTATE classes and codes: 08 connection, 28 access refused, 53 out of resources, 57 cancelled by a time-out or by the
// operator, 58 system error; 25006 read-only (a standby after a failover), 3D000 no such database, 55P03 lock time-out.
const SQL_STATES = /^(08|28|53|57|58)[0-9A-Z]{3}$|^(25006|25P03|3D000|55P03)$/

// These errors of pg, pg-pool and PGlite have no code, only a message.
const MESSAGES =
  /^Connection terminated|^timeout e(xceeded when trying to connect|xpired)|^Query read timeout|is not queryable$|is not currently accepting connections$|^Cannot use a pool after calling end|^Connection ended|^The server does not support SSL|^PGlite is clos/

const field = (error: object, name: string): unknown => Reflect.get(error, name)

const isUnavailable = (error: object): boolean => {
  const code = field(error, 'code')
  if (
    typeof code === 'string' &&
    (PRISMA_CODES.has(code) || UNREACHABLE_CODES.has(code) || SQL_STATES.test(code))
  )
    return true
  const originalCode = field(error, 'originalCode')
  if (typeof originalCode === 'string' && SQL_STATES.test(originalCode)) return true
  const kind = field(error, 'kind')
  if (typeof kind === 'string' && ADAPTER_KINDS.has(kind)) return true
  if (field(error, 'name') === 'PrismaClientInitializationError') return true
  const message = field(error, 'message')
  return typeof message === 'string' && MESSAGES.test(message)
}

const layersBelow = (error: object): unknown[] => {
  const meta = field(error, 'meta')
  const errors = field(error, 'errors')
  return [
    field(error, 'cause'),
    typeof meta === 'object' && meta !== null ? field(meta, 'driverAdapterError') : undefined,
    ...(Array.isArray(errors) ? errors : []),
  ]
}

const MAX_LAYERS = 8

const anyLayer = (error: unknown, is: (layer: object) => boolean, depth = 0): boolean =>
  typeof error === 'object' &&
  error !== null &&
  depth < MAX_LAYERS &&
  (is(error) || layersBelow(error).some((layer) => anyLayer(layer, is, depth + 1)))

/** The message of an error for a statement that got no turn, whether or not the database is idle. */
export const NO_TURN = 'This statement got no turn in time.'
/** Seconds after which it may be tried again. */
const RETRY_AFTER_SECONDS = 1

/**
 * Converts an error into UnavailableError (DATABASE_UNAVAILABLE), with the driver's error as its cause, if the database
 * cannot be reached or does not answer in time, and into OverloadedError if it was not even asked. Any other error (a bug, a violated constraint) is returned as it is.
 */
export function toDomainError(error: unknown): unknown {
  if (error instanceof UnavailableError) return error
  if (anyLayer(error, hasWaited)) {
    return new OverloadedError(RETRY_AFTER_SECONDS, 'The service has more to ask the database than it can.')
  }
  return anyLayer(error, isUnavailable) ? databaseUnavailable(error) : error
}

/** Tells it from what Prisma makes of it, which would take an error with a code of its own for one of the database. */
const hasWaited = (layer: object): boolean => field(layer, 'message') === NO_TURN

/** SQLSTATE: no such column, no such table; Prisma's codes for them, and the kinds of DriverAdapterError. */
const NOT_THERE = new Set<unknown>([
  '42703',
  '42P01',
  'P2022',
  'P2021',
  'ColumnNotFound',
  'TableDoesNotExist',
])
/** SQLSTATE: no such function or operator for a column's new type, no right to read it. */
const OTHERWISE = new Set<unknown>(['42883', '42804', '42501'])

const hasCode = (layer: object, codes: ReadonlySet<unknown>): boolean =>
  ['code', 'originalCode', 'kind'].some((name) => codes.has(field(layer, name)))

/** Whether a statement failed because a table or a column is not there. */
export const isOfMissingTables = (error: unknown): boolean =>
  anyLayer(error, (layer) => hasCode(layer, NOT_THERE))

/** Whether a statement failed because the tables are not what it takes them for. */
export const isOfOtherTables = (error: unknown): boolean =>
  isOfMissingTables(error) || anyLayer(error, (layer) => hasCode(layer, OTHERWISE))

/** Runs a statement and converts its error, see toDomainError. */
export async function mapDatabaseErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw toDomainError(error)
  }
}

/**
 * The Prisma client for reads of GraphQL fields, by Pothos's Prisma plugin or by a resolver. It throws UnavailableError
 * (DATABASE_UNAVAILABLE) if the database cannot be reached, see toDomainError, and NotAvailableError if the gateway's tables
 * lack what is read.
 */
export type ReadingPrisma = ReturnType<typeof createReadingPrisma>

export const createReadingPrisma = (prisma: PrismaClient) =>
  prisma.$extends({
    query: {
      $allOperations: async ({ args, query }) => {
        try {
          return await mapDatabaseErrors(() => query(args))
        } catch (error) {
          throw isOfMissingTables(error) ? new NotAvailableError(NOT_IN_TABLES, { cause: error }) : error
        }
      },
    },
  })

const NOT_IN_TABLES = 'This gateway’s tables have not what this needs: gateway.missing names what is missing.'
