const FIRST_READ_MS = 120_000

/** The first answer without an error: a million records take longer to read than a request waits for. */
export async function whenRead<T extends { readonly errors?: unknown }>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + FIRST_READ_MS
  for (;;) {
    const answer = await ask()
    if (!answer.errors) return answer
    if (performance.now() > until) throw new Error(JSON.stringify(answer.errors))
  }
}
