import type { TypedDocumentNode } from '@apollo/client'
import { evictCleared } from '../api/cache.js'
import { cache, client } from '../api/client.js'
import { type FailureKind, failureKind, serverWords } from '../api/errors.js'
import {
  ClearAffinitiesDocument,
  ClearAllCacheDocument,
  ClearAllModelMappingCacheDocument,
  type ClearedNodeFragment,
  ClearModelMappingCacheByNameDocument,
  ClearPoolSessionsDocument,
  ClearProviderCacheDocument,
  ClearProviderModelMappingCacheDocument,
  ClearSingleAffinityDocument,
  ClearUserCacheDocument,
  type ClearWarningCode,
  type ErrorCode,
} from '../generated/graphql.js'
import { type ClearTarget, clearsMappings } from './clear-store.js'

export interface ClearFailure {
  /** The server's message; empty if it sent none. */
  readonly message: string
  /** The error code of the answer, or the reason why there is no answer. */
  readonly reason: ErrorCode | FailureKind
  /** The number of records that were surely cleared before the clear stopped. */
  readonly cleared: number
}

export interface ClearOutcome {
  readonly cleared: number
  /** Null where nothing was written down that could be shown. */
  readonly auditId: string | null
  /** The first thousand cache keys; only clears of mappings have them. */
  readonly keys: readonly string[]
  readonly failure: ClearFailure | null
  readonly warnings: readonly Warning[]
  /** What the nodes of the gateway did. */
  readonly nodes: readonly ClearedNodeFragment[]
}

export interface Warning {
  readonly code: ClearWarningCode
  readonly message: string
}

/** All nine mutations answer in this shape. */
interface Answer {
  readonly result:
    | {
        readonly message: string
        readonly clearedCount: number
        readonly auditEvent: { readonly id: string }
        readonly deletedKeys?: readonly string[]
        readonly warnings: readonly Warning[]
        readonly nodes: readonly ClearedNodeFragment[]
      }
    | {
        readonly code: ErrorCode
        readonly message: string
        readonly clearedCount?: number
        readonly nodes?: readonly ClearedNodeFragment[]
      }
}

/** Clears the target, or only counts it (`dryRun`). The promise never rejects: failures are part of the outcome. */
export async function runClear(target: ClearTarget, dryRun: boolean): Promise<ClearOutcome> {
  const outcome = await send(target, dryRun)
  // A clear that failed may have cleared some of it, or all.
  evictCleared(cache, !dryRun && clearsMappings(target))
  return outcome
}

async function send(target: ClearTarget, dryRun: boolean): Promise<ClearOutcome> {
  switch (target.kind) {
    case 'single': {
      const [{ affinityKey, endpointId, modelId, apiFormat, clientFamily, sessionHash }] = target.rows
      // Without the session, every session of this API key and model would be cleared.
      const session = { clientFamily, sessionHash }
      const variables = { affinityKey, endpointId, modelId, apiFormat, ...session, dryRun }
      return ask(ClearSingleAffinityDocument, variables)
    }
    case 'selected':
      return ask(ClearAffinitiesDocument, { filter: { ids: target.rows.map(({ id }) => id) }, dryRun })
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
    case 'poolSessions':
      return ask(ClearPoolSessionsDocument, { filter: target.filter, dryRun })
    case 'mappingsAll':
      return ask(ClearAllModelMappingCacheDocument, { confirm: !dryRun, dryRun })
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
      const { message, code: reason, clearedCount: cleared = 0, nodes = [] } = result
      return { ...failed({ message, reason, cleared }), nodes }
    }
    return {
      cleared: result.clearedCount,
      auditId: result.auditEvent.id,
      keys: result.deletedKeys ?? [],
      failure: null,
      warnings: result.warnings,
      nodes: result.nodes,
    }
  } catch (error) {
    return failed({ message: serverWords(error) ?? '', reason: failureKind(error), cleared: 0 })
  }
}

const failed = (failure: ClearFailure): ClearOutcome => ({
  cleared: failure.cleared,
  auditId: null,
  keys: [],
  failure,
  warnings: [],
  nodes: [],
})
