/** Waits for work, but only for some milliseconds: a server that does not answer must not delay the end of the process. */
export async function withinGrace(work: Promise<void>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs)
  })
  await Promise.race([work, grace]).finally(() => clearTimeout(timer))
}
