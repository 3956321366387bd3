import { useQuery } from '@apollo/client/react'
import { useEffect, useState } from 'react'
import { GatewayDocument, type GatewayQuery } from '../generated/graphql.js'
import { useRecovery } from '../hooks/use-recovery.js'
import { useRepeat } from '../hooks/use-repeat.js'
import { useReturn } from '../hooks/use-return.js'

export type KnownGateway = GatewayQuery['gateway']

/** The service looks at a node that is away so often, in milliseconds. */
const AWAY_EVERY_MS = 15_000

/** Returns after how many milliseconds the question is sent again: sooner while a node is away, so that it is known to be back. */
export const pollEvery = (
  everyMs: number,
  gateway: { readonly nodes: readonly { readonly reachable: boolean | null }[] } | undefined,
): number =>
  gateway?.nodes.some(({ reachable }) => reachable === false) ? Math.min(everyMs, AWAY_EVERY_MS) : everyMs

/**
 * The hook tells what kind of gateway this service stands beside; undefined while it is unknown. All who ask share one
 * answer.
 * @param everyMs milliseconds after which the query is sent again at the latest, except while the tab is hidden; 0: never
 */
export function useGateway(everyMs = 0): KnownGateway | undefined {
  const [pollInterval, setPollInterval] = useState(everyMs)
  const { data, loading, error, refetch } = useQuery(GatewayDocument, {
    fetchPolicy: 'cache-first',
    pollInterval,
    skipPollAttempt: () => document.hidden,
  })
  useRecovery(refetch)
  useRepeat({ error, loading }, refetch)
  useReturn(refetch, everyMs)
  useEffect(() => setPollInterval(pollEvery(everyMs, data?.gateway)), [everyMs, data])
  return data?.gateway
}

/** The hook names the pages that have nothing to show beside this gateway. While it is unknown, it may have everything. */
export function useAbsentPages(): ReadonlySet<string> {
  const gateway = useGateway()
  return new Set([
    ...(gateway?.hasModelMappingCaches === false ? ['mappings'] : []),
    ...(gateway?.hasPoolSessions === false ? ['pools'] : []),
  ])
}
