import { useQuery } from '@apollo/client/react'
import { GatewayDocument, type GatewayQuery } from '../generated/graphql.js'
import { useRecovery } from '../hooks/use-recovery.js'
import { useRepeat } from '../hooks/use-repeat.js'

export type KnownGateway = GatewayQuery['gateway']

/**
 * The hook tells what kind of gateway this service stands beside; undefined while it is unknown. All who ask share one
 * answer.
 * @param everyMs milliseconds after which the query is sent again, except while the tab is hidden; 0: never
 */
export function useGateway(everyMs = 0): KnownGateway | undefined {
  const { data, loading, error, refetch } = useQuery(GatewayDocument, {
    fetchPolicy: 'cache-first',
    pollInterval: everyMs,
    skipPollAttempt: () => document.hidden,
  })
  useRecovery(refetch)
  useRepeat({ error, loading }, refetch)
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
