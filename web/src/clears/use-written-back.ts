import { useEffect, useState } from 'react'
import { client } from '../api/client.js'
import { ClearWrittenBackDocument } from '../generated/graphql.js'

const ASK_EVERY_MS = 2_000
/** The longest guard window is 60 s; after it a worker's memory gets its time. */
const PATIENCE_MS = 75_000
/** Events that are asked for: a clear of many chosen records has one for each. */
const MOST_EVENTS = 20

/** How many of the cleared records gateways have written back; null until the end of the guard window. */
export function useWrittenBack(auditIds: readonly string[]): number | null {
  const [count, setCount] = useState<number | null>(null)
  useEffect(() => {
    const known = new Map<string, number>()
    const asked = auditIds.slice(0, MOST_EVENTS)
    const begun = Date.now()
    let timer: ReturnType<typeof setTimeout> | undefined
    let over = false
    const ask = async () => {
      for (const id of asked.filter((one) => !known.has(one))) {
        const count = await writtenBackOf(id)
        if (count !== null) known.set(id, count)
      }
      if (over) return
      if (known.size === asked.length) setCount([...known.values()].reduce((sum, one) => sum + one, 0))
      else if (Date.now() - begun < PATIENCE_MS) timer = setTimeout(ask, ASK_EVERY_MS)
    }
    if (asked.length > 0) timer = setTimeout(ask, ASK_EVERY_MS)
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [auditIds])
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
