/**
 * Which errors of Prisma, its driver adapters, pg and PGlite mean that the database could not answer. Prisma wraps the
 * driver's error in one of its own, in `cause` or `meta`, or throws it as it is: so every layer is looked at.
 */
import { databaseUnavailable, UnavailableError } from '../errors.js'
import { UNREACHABLE_CODES } from '../util/reachability.js'

// Prisma's codes: unreachable, refused, timed out, closed, pool exhausted, no transaction in time.
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

// Kinds of DriverAdapterError.
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

// SQLSTATE: 08 connection, 53 out of resources, 57 cancelled by a time-out or by the operator, 58 the server's system;
// 25006 read-only (a standby after a failover), 28 access refused, 3D000 no such database, 55P03 lock not had in time.
const SQL_STATES = /^(08|28|53|57|58)[0-9A-Z]{3}$|^(25006|25P03|3D000|55P03)$/

// pg, pg-pool and PGlite tell these by their message alone.
const MESSAGES =
  /^Connection terminated|^timeout e(xceeded when trying to connect|xpired)|^Query read timeout|is not queryable$|is not currently accepting connections$|^Cannot use a pool after calling end|^Connection ended|^PGlite is clos/

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

const anyLayerUnavailable = (error: unknown, depth = 0): boolean =>
  typeof error === 'object' &&
  error !== null &&
  depth < MAX_LAYERS &&
  (isUnavailable(error) || layersBelow(error).some((layer) => anyLayerUnavailable(layer, depth + 1)))

/**
 * A failure to reach the database, or to have its answer in time, becomes UnavailableError (DATABASE_UNAVAILABLE) with
 * the driver's error as its cause. Anything else (a bug, a violated constraint) comes back as it is.
 */
export const toDomainError = (error: unknown): unknown =>
  !(error instanceof UnavailableError) && anyLayerUnavailable(error) ? databaseUnavailable(error) : error

/** Runs a read or a write of the database; a driver's failure comes out as a domain error. */
export async function mapDatabaseErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw toDomainError(error)
  }
}
