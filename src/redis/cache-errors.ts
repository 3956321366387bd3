/** Recognises the errors of ioredis and Redis that mean that the cache could not answer. */
import { cacheUnavailable, UnavailableError } from '../errors.js'
import { UNREACHABLE_CODES } from '../util/reachability.js'

// Redis's error replies start with one of these words.
const REPLIES =
  /^(LOADING|NOAUTH|WRONGPASS|NOPERM|READONLY|MISCONF|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|UNBLOCKED)\b|^ERR (max number of clients|invalid password|AUTH|The user executing the script can't)|^NOGOODSLAVE|^DENIED/

// ioredis's own errors have no code, only these messages.
const MESSAGES =
  /^Connection is closed|^Stream isn't writeable|^Command timed out|^Socket timeout|^Reached the max retries|^Command aborted due to connection close|^Too many Cluster redirections|^Failed to refresh slots cache|^None of startup nodes|^Cluster isn't ready|^Cluster is (ended|disconnect)|^All sentinels are unreachable|^connect E|^Redis is already connecting|^Connection is (discarded|aborted)|^timeout$/

/** Recognises a missing right of our Redis user. Every such command fails until an operator grants it. */
export const isRightMissing = (error: unknown): error is Error =>
  error instanceof Error && /\bNOPERM\b|^ERR The user executing the script can't/.test(error.message)

// These replies are temporary: a server that is loading, full or changing roles may soon allow what it refuses now.
const PASSING = /^(LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|MISCONF|READONLY|NOAUTH|WRONGPASS|OOM|TRYAGAIN)\b/

/** Recognises a command that this Redis, a proxy before it, or our user's rights do not allow. */
export const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError' && !PASSING.test(error.message)

const isTlsCode = (code: string): boolean =>
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)

const isUnavailable = (error: Error): boolean => {
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string' && (UNREACHABLE_CODES.has(code) || isTlsCode(code))) return true
  // The error of a script has the actual reply behind a prefix, as in `ERR Error … script: READONLY You can't write`.
  const message = error.message.replace(/^ERR Error running script[^:]*: |^ERR user_script:\d+: /, '')
  return MESSAGES.test(message) || REPLIES.test(message)
}

/**
 * Converts an error into UnavailableError (CACHE_UNAVAILABLE), with the driver's error as its cause, if Redis cannot be
 * reached, does not answer in time or refuses to serve. Any other error (WRONGTYPE, a bug) is returned as it is.
 *
 * For a command that changes something, call `mayHaveRun` first: after a time-out the command may still have run.
 */
export const toCacheError = (error: unknown): unknown =>
  error instanceof Error && !(error instanceof UnavailableError) && isUnavailable(error)
    ? cacheUnavailable(error)
    : error

const SENT =
  /^Command timed out|^Connection is closed|^Command aborted due to connection close|^Socket timeout|^Reached the max retries/

/**
 * Decides whether a failed command may have run in Redis. True if it may have been sent and its reply never came; false if
 * it was never sent, or Redis refused it. When a connection closes, ioredis does not say whether the command was sent: then
 * it is true.
 */
export const mayHaveRun = (error: unknown): boolean => {
  if (!(error instanceof Error)) return true
  const code = 'code' in error ? error.code : undefined
  return SENT.test(error.message) || code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT'
}
