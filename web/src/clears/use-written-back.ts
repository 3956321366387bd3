import { useEffect, useState } from 'react'
import { client } from '../api/client.js'
import { ClearWrittenBackDocument } from '../generated/graphql.js'

const ASK_EVERY_MS = 2_000
/** The longest guard window is 60 s; after it a worker's memory gets its time. What nobody answers does not count. */
const MOST_ANSWERS = 37

/** How many of the cleared records gateways have written back; null until the end of the guard window. */
export function useWrittenBack(auditId: string | null): number | null {
  const [count, setCount] = useState<number | null>(null)
  useEffect(() => {
    return auditId === null ? undefined : followWrittenBack(auditId, setCount)
  }, [auditId])
  return count
}

/**
 * Asks until the count is there, also over an outage: then it comes late.
 * @returns how to stop
 */
export function followWrittenBack(auditId: string, tell: (count: number) => void): () => void {
  let over = false
  let answers = 0
  let timer: ReturnType<typeof setTimeout>
  const ask = async () => {
    const writtenBack = await writtenBackOf(auditId)
    if (over) return
    if (typeof writtenBack === 'number') return tell(writtenBack)
    if (writtenBack === null) answers += 1
    if (answers < MOST_ANSWERS) timer = setTimeout(ask, ASK_EVERY_MS)
  }
  timer = setTimeout(ask, ASK_EVERY_MS)
  return () => {
    over = true
    clearTimeout(timer)
  }
}

/** Null before the end of the guard window; undefined if nobody answers. */
async function writtenBackOf(id: string): Promise<number | null | undefined> {
  try {
    const { data, error } = await client.query({
      query: ClearWrittenBackDocument,
      variables: { id },
      fetchPolicy: 'no-cache',
    })
    return error === undefined ? data?.auditEvent?.writtenBack : undefined
  } catch {
    return undefined
  }
}
