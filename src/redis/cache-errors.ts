/** Which errors of ioredis and Redis mean that the cache could not answer. */
import { cacheUnavailable, UnavailableError } from '../errors.js'
import { UNREACHABLE_CODES } from '../util/reachability.js'

// Error replies start with one of these words.
const REPLIES =
  /^(LOADING|NOAUTH|WRONGPASS|NOPERM|READONLY|MISCONF|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|UNBLOCKED)\b|^ERR (max number of clients|invalid password|AUTH|The user executing the script can't)|^NOGOODSLAVE|^DENIED/

// ioredis's own errors carry no code.
const MESSAGES =
  /^Connection is closed|^Stream isn't writeable|^Command timed out|^Socket timeout|^Reached the max retries|^Command aborted due to connection close|^Too many Cluster redirections|^Failed to refresh slots cache|^None of startup nodes|^Cluster isn't ready|^Cluster is (ended|disconnect)|^All sentinels are unreachable|^connect E|^Redis is already connecting|^Connection is (discarded|aborted)|^timeout$/

/** Does our user lack a right? It will for every such request, until somebody gives it. */
export const isRightMissing = (error: unknown): error is Error =>
  error instanceof Error && /\bNOPERM\b|^ERR The user executing the script can't/.test(error.message)

const isTlsCode = (code: string): boolean =>
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)

const isUnavailable = (error: Error): boolean => {
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string' && (UNREACHABLE_CODES.has(code) || isTlsCode(code))) return true
  // A script's error has the reply that stopped it behind a prefix, as in `ERR Error … script: READONLY You can't write`.
  const message = error.message.replace(/^ERR Error running script[^:]*: |^ERR user_script:\d+: /, '')
  return MESSAGES.test(message) || REPLIES.test(message)
}

/**
 * A failure to reach Redis, to have its answer in time, or a Redis that refuses to serve, becomes UnavailableError
 * (CACHE_UNAVAILABLE) with the driver's error as its cause. Anything else (WRONGTYPE, a bug) comes back as it is.
 *
 * If the command changes something, ask `mayHaveRun` first: a time-out is no failure.
 */
export const toCacheError = (error: unknown): unknown =>
  error instanceof Error && !(error instanceof UnavailableError) && isUnavailable(error)
    ? cacheUnavailable(error)
    : error

const SENT =
  /^Command timed out|^Connection is closed|^Command aborted due to connection close|^Socket timeout|^Reached the max retries/

/**
 * Could a command that failed so have run all the same? True where it may have been sent and its reply never came;
 * false where it was never sent, or Redis answered that it would not run it. In doubt true: of a connection that closed,
 * ioredis does not say whether the command was sent.
 */
export const mayHaveRun = (error: unknown): boolean => {
  if (!(error instanceof Error)) return true
  const code = 'code' in error ? error.code : undefined
  return SENT.test(error.message) || code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT'
}
