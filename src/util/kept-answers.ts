/** Keeps the answers of large reads for a moment, for those who ask the same a little later. */
export interface KeptAnswers {
  /** Returns the answer to a question, if one of the last moments is there. */
  get(question: string): unknown
  /** @param readAt when the read began, as `performance.now()` */
  put(question: string, answer: unknown, readAt: number): void
}

/** @param ms milliseconds from the beginning of its read for which an answer is kept; afterwards it uses no memory */
export function createKeptAnswers(ms: number): KeptAnswers {
  const kept = new Map<string, { readonly answer: unknown; readonly until: number }>()
  return {
    get(question) {
      const found = kept.get(question)
      return found && performance.now() < found.until ? found.answer : undefined
    },
    put(question, answer, readAt) {
      const one = { answer, until: readAt + ms }
      const left = one.until - performance.now()
      if (left <= 0) return
      kept.set(question, one)
      setTimeout(() => {
        if (kept.get(question) === one) kept.delete(question)
      }, left).unref()
    },
  }
}
