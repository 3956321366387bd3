import { untilAnswered } from '../../../api/ask-again.js'

/** The names of switched rows are read together, this long after the first switch. */
const NAMES_AFTER_MS = 400

/**
 * Returns a function that says that names are wanted. `read` is then called once for all who say so within a moment, and again
 * after a failure that passes: no later event would ask for these names. A read does not overlap another.
 */
export function nameReader(read: () => Promise<void>, signal: AbortSignal): () => void {
  let isWanted = false
  let isBusy = false
  const begin = async () => {
    const ask = () => {
      isWanted = false
      return read()
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
