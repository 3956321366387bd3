/** Wraps a read so that it runs once, at the first call; all calls share its result, also a rejection. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= read()
    return answer
  }
}
