const FIRST_READ_MS = 300_000

/** Asks until an answer has no error: the first read of a million records takes longer than a request waits. */
export async function whenRead<T extends { readonly errors?: unknown }>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + FIRST_READ_MS
  for (;;) {
    const answer = await ask()
    if (!answer.errors) return answer
    if (performance.now() > until) throw new Error(JSON.stringify(answer.errors))
  }
}
