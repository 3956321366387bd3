import { useCallback, useEffect, useState } from 'react'
import { client } from '../api/client.js'
import { type AffinityFilter, ClearPreviewDocument } from '../generated/graphql.js'
import { type ClearableRow, type ClearTarget, clearsDone } from './clear-store.js'
import { type ClearOutcome, runClear } from './run-clear.js'

/** The plan holds the dry run's count and a sample of the same selection. */
export interface ClearPlan {
  readonly outcome: ClearOutcome
  /** Null if the records could not be read. */
  readonly rows: readonly ClearableRow[] | null
  /** Unix milliseconds. */
  readonly countedAt: number
}

export type ClearStep =
  | { readonly name: 'counting' | 'clearing' }
  | { readonly name: 'review'; readonly plan: ClearPlan }
  | { readonly name: 'done'; readonly outcome: ClearOutcome }

export interface ClearControl {
  readonly step: ClearStep
  clear(): void
  /** Counts again. */
  again(): void
}

/** The hook always starts with a dry run. The clear follows only if the user confirms it. */
export function useClear(target: ClearTarget): ClearControl {
  const [step, setStep] = useState<ClearStep>({ name: 'counting' })
  const [round, setRound] = useState(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round counts again
  useEffect(() => {
    let over = false
    setStep({ name: 'counting' })
    void Promise.all([runClear(target, true), affectedRows(target)]).then(([outcome, rows]) => {
      if (!over) setStep({ name: 'review', plan: { outcome, rows, countedAt: Date.now() } })
    })
    return () => {
      over = true
    }
  }, [target, round])

  const clear = useCallback(() => {
    setStep({ name: 'clearing' })
    void runClear(target, false).then((outcome) => {
      // A failed clear may have cleared some records, or all.
      clearsDone.set(clearsDone.get() + 1)
      setStep({ name: 'done', outcome })
    })
  }, [target])
  return { step, clear, again: () => setRound((before) => before + 1) }
}

async function affectedRows(target: ClearTarget): Promise<readonly ClearableRow[] | null> {
  if (target.kind === 'single' || target.kind === 'selected') return target.rows
  const filter = filterOf(target)
  if (filter === undefined) return []
  try {
    const { data } = await client.query({
      query: ClearPreviewDocument,
      variables: { filter },
      fetchPolicy: 'no-cache',
    })
    return data?.affinities.nodes ?? null
  } catch {
    return null
  }
}

function filterOf(target: ClearTarget): AffinityFilter | null | undefined {
  switch (target.kind) {
    case 'filtered':
      return target.filter
    case 'user':
      return { userId: target.userId }
    case 'provider':
      return { providerId: target.providerId }
    case 'all':
      return null
    default:
      return undefined
  }
}
