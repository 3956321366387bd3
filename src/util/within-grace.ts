/** Waits until the work is done, or until the grace time in milliseconds is over; rejects if the work fails before. */
export async function withinGrace(work: Promise<void>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs)
  })
  await Promise.race([work, grace]).finally(() => clearTimeout(timer))
}
