import { untilAnswered } from '../../../api/ask-again.js'
import { passesByItself } from '../../../api/errors.js'

/** The names of switched rows are read together, this long after the first switch. */
const NAMES_AFTER_MS = 400

interface Names<Data> {
  readonly data?: Data | undefined
  /** If there is data as well, some names are missing in it. */
  readonly error?: unknown
}

/**
 * Returns a function that says that names are wanted. `read` is then called once for all who say so within a moment, and again
 * after a failure that passes: no later event would ask for these names. A part of them is not taken meanwhile, since the
 * rows would lose the names that they have. A read does not overlap another.
 */
export function nameReader<Data>(
  read: () => Promise<Names<Data>>,
  take: (data: Data) => void,
  signal: AbortSignal,
): () => void {
  let isWanted = false
  let isBusy = false
  const begin = async () => {
    const ask = async () => {
      isWanted = false
      const { data, error } = await read()
      if (error !== undefined && (data === undefined || passesByItself(error))) throw error
      if (data !== undefined) take(data)
    }
    // What does not pass, the page tells when it is read anew.
    if (!signal.aborted) await untilAnswered(ask, { signal }).catch(() => {})
    isBusy = false
    if (isWanted) want()
  }
  const want = () => {
    isWanted = true
    if (isBusy || signal.aborted) return
    isBusy = true
    setTimeout(() => void begin(), NAMES_AFTER_MS)
  }
  return want
}
