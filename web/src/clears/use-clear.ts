import { useCallback, useEffect, useState } from 'react'
import { client } from '../api/client.js'
import {
  type AffinityFilter,
  ClearCountsDocument,
  type ClearGroupsFragment,
  ClearPreviewDocument,
} from '../generated/graphql.js'
import { useRecovery } from '../hooks/use-recovery.js'
import { type ClearableRow, type ClearTarget, clearsDone } from './clear-store.js'
import { type ClearOutcome, runClear } from './run-clear.js'

/** The largest groups of what a clear would remove. */
export type ClearGroups = Readonly<Record<'users' | 'providers', ClearGroupsFragment>>

/** The plan holds the dry run's count and a sample of the same selection. */
export interface ClearPlan {
  readonly outcome: ClearOutcome
  /** Null if the records could not be read. */
  readonly rows: readonly ClearableRow[] | null
  /** The groups of the whole selection; null where the sample is all of it, or if they could not be counted. */
  readonly groups: ClearGroups | null
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

/**
 * Tells whether a count failed for a reason that is over once the server is back, or somebody has signed in again. A store that
 * is away is not asked again and again: each count is an audit event.
 */
export const isToCountAgain = (step: ClearStep): boolean =>
  step.name === 'review' && ['network', 'session'].includes(step.plan.outcome.failure?.reason ?? '')

/** The hook always starts with a dry run. The clear follows only if the user confirms it. */
export function useClear(target: ClearTarget): ClearControl {
  const [step, setStep] = useState<ClearStep>({ name: 'counting' })
  const [round, setRound] = useState(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round counts again
  useEffect(() => {
    let over = false
    setStep({ name: 'counting' })
    void planOf(target).then((plan) => {
      if (!over) setStep({ name: 'review', plan })
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
  const again = () => setRound((before) => before + 1)
  useRecovery(() => isToCountAgain(step) && again())
  return { step, clear, again }
}

async function planOf(target: ClearTarget): Promise<ClearPlan> {
  const [outcome, rows] = await Promise.all([runClear(target, true), affectedRows(target)])
  const isPart = rows !== null && rows.length > 0 && rows.length < outcome.cleared
  return { outcome, rows, groups: isPart ? await groupsOf(target) : null, countedAt: Date.now() }
}

async function groupsOf(target: ClearTarget): Promise<ClearGroups | null> {
  const filter = filterOf(target)
  if (filter === undefined) return null
  try {
    const { data } = await client.query({
      query: ClearCountsDocument,
      variables: { filter },
      fetchPolicy: 'no-cache',
    })
    return data?.users && data.providers ? data : null
  } catch {
    // The review then tells of the sample, and says so.
    return null
  }
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
