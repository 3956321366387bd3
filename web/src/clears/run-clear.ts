import type { TypedDocumentNode } from '@apollo/client'
import { evictCleared } from '../api/cache.js'
import { cache, client } from '../api/client.js'
import { type FailureKind, failureKind, serverWords } from '../api/errors.js'
import {
  ClearAffinitiesDocument,
  ClearAllCacheDocument,
  ClearAllModelMappingCacheDocument,
  ClearModelMappingCacheByNameDocument,
  ClearProviderCacheDocument,
  ClearProviderModelMappingCacheDocument,
  ClearSingleAffinityDocument,
  ClearUserCacheDocument,
  type ErrorCode,
} from '../generated/graphql.js'
import { type ClearableRow, type ClearTarget, clearsMappings } from './clear-store.js'

export interface ClearFailure {
  /** The server's words; empty where it sent none. */
  readonly message: string
  /** What it answered with, or why it did not answer. */
  readonly reason: ErrorCode | FailureKind
  /** Records that were confirmed gone before it stopped. */
  readonly cleared: number
}

export interface ClearOutcome {
  readonly cleared: number
  readonly auditIds: readonly string[]
  /** Cache keys, of mapping clears only; the first thousand. */
  readonly keys: readonly string[]
  readonly failures: readonly ClearFailure[]
}

export interface ClearProgress {
  readonly done: number
  readonly total: number
}

/** As the eight mutations answer. */
interface Answer {
  readonly result:
    | {
        readonly message: string
        readonly clearedCount: number
        readonly auditEvent: { readonly id: string }
        readonly deletedKeys?: readonly string[]
      }
    | { readonly code: ErrorCode; readonly message: string; readonly clearedCount?: number }
}

/** A few at once: quick, and no burst on a server that others use as well. */
const CONCURRENT = 4

/** Counts what would go (`dryRun`), or clears it. Never rejects: what went wrong is part of the outcome. */
export async function runClear(
  target: ClearTarget,
  dryRun: boolean,
  onProgress: (progress: ClearProgress) => void = () => {},
): Promise<ClearOutcome> {
  const outcome = await send(target, dryRun, onProgress)
  // A clear that failed may have cleared some of it, or all.
  evictCleared(cache, !dryRun && clearsMappings(target))
  return outcome
}

async function send(
  target: ClearTarget,
  dryRun: boolean,
  onProgress: (progress: ClearProgress) => void,
): Promise<ClearOutcome> {
  switch (target.kind) {
    case 'single':
    case 'selected':
      return clearRows(target.rows, dryRun, onProgress)
    case 'filtered':
      return ask(ClearAffinitiesDocument, { filter: target.filter, dryRun })
    case 'user':
      return ask(ClearUserCacheDocument, { identifier: target.userId, dryRun })
    case 'provider':
      return ask(ClearProviderCacheDocument, { providerId: target.providerId, dryRun })
    case 'all':
      return ask(ClearAllCacheDocument, { confirm: !dryRun, dryRun })
    case 'mappingName':
      return ask(ClearModelMappingCacheByNameDocument, { modelName: target.name, dryRun })
    case 'providerMapping': {
      const { providerId, globalModelId } = target
      return ask(ClearProviderModelMappingCacheDocument, { providerId, globalModelId, dryRun })
    }
    case 'mappingsAll':
      return ask(ClearAllModelMappingCacheDocument, { confirm: !dryRun, dryRun })
  }
}

async function clearRows(
  rows: readonly ClearableRow[],
  dryRun: boolean,
  onProgress: (progress: ClearProgress) => void,
): Promise<ClearOutcome> {
  const outcomes: ClearOutcome[] = []
  const left = [...rows]
  const work = async () => {
    for (let row = left.shift(); row; row = left.shift()) {
      const { affinityKey, endpointId, modelId, apiFormat } = row
      const variables = { affinityKey, endpointId, modelId, apiFormat, dryRun }
      outcomes.push(await ask(ClearSingleAffinityDocument, variables))
      onProgress({ done: outcomes.length, total: rows.length })
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, work))
  return {
    cleared: outcomes.reduce((sum, { cleared }) => sum + cleared, 0),
    auditIds: outcomes.flatMap(({ auditIds }) => auditIds),
    keys: [],
    failures: outcomes.flatMap(({ failures }) => failures),
  }
}

async function ask<Variables extends Record<string, unknown>>(
  mutation: TypedDocumentNode<Answer, Variables>,
  variables: Variables,
): Promise<ClearOutcome> {
  try {
    const values: Record<string, unknown> = variables
    const { data } = await client.mutate({
      mutation: mutation as TypedDocumentNode<Answer, Record<string, unknown>>,
      variables: values,
      fetchPolicy: 'no-cache',
    })
    if (!data) return failed({ message: '', reason: 'internal', cleared: 0 })
    const { result } = data
    if ('code' in result) {
      return failed({ message: result.message, reason: result.code, cleared: result.clearedCount ?? 0 })
    }
    return {
      cleared: result.clearedCount,
      auditIds: [result.auditEvent.id],
      keys: result.deletedKeys ?? [],
      failures: [],
    }
  } catch (error) {
    return failed({ message: serverWords(error) ?? '', reason: failureKind(error), cleared: 0 })
  }
}

const failed = (failure: ClearFailure): ClearOutcome => ({
  cleared: failure.cleared,
  auditIds: [],
  keys: [],
  failures: [failure],
})
