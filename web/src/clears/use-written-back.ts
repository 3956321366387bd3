import { useEffect, useState } from 'react'
import { client } from '../api/client.js'
import { ClearWrittenBackDocument } from '../generated/graphql.js'

const ASK_EVERY_MS = 2_000
/** The longest guard window is 60 s; after it a worker's memory gets its time. */
const PATIENCE_MS = 75_000

/** How many of the cleared records gateways have written back; null until the end of the guard window. */
export function useWrittenBack(auditId: string | null): number | null {
  const [count, setCount] = useState<number | null>(null)
  useEffect(() => {
    if (auditId === null) return
    const begun = Date.now()
    let over = false
    let timer: ReturnType<typeof setTimeout>
    const ask = async () => {
      const writtenBack = await writtenBackOf(auditId)
      if (over) return
      if (writtenBack !== null) setCount(writtenBack)
      else if (Date.now() - begun < PATIENCE_MS) timer = setTimeout(ask, ASK_EVERY_MS)
    }
    timer = setTimeout(ask, ASK_EVERY_MS)
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [auditId])
  return count
}

async function writtenBackOf(id: string): Promise<number | null> {
  try {
    const { data } = await client.query({
      query: ClearWrittenBackDocument,
      variables: { id },
      fetchPolicy: 'no-cache',
    })
    return data?.auditEvent?.writtenBack ?? null
  } catch {
    // The next question may be answered.
    return null
  }
}
