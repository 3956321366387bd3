import { useTranslation } from 'react-i18next'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { Panel } from '../../components/Panel.js'
import { useFormat } from '../../hooks/use-format.js'
import { GroupBars } from '../counts/GroupBars.js'
import { type StaleCounts, useBreakdown } from './use-breakdown.js'

const PARTS = [
  { part: 'byProvider', grouping: 'provider' },
  { part: 'byModel', grouping: 'model' },
  { part: 'byFormat', grouping: 'format' },
  { part: 'byClient', grouping: 'client' },
] as const

const ALL = new URLSearchParams()
const STALE = new URLSearchParams({ stale: 'true' })
const NO_REASONS = { reasons: [] } as const

export function Breakdowns({ stale }: { readonly stale: StaleCounts }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { data, error, ask } = useBreakdown()
  const total = data?.byProvider.total
  // An old number of stale pins would be wrong; the figure above says why there is none.
  const reasons = stale.error === undefined ? stale.data?.affinityCounts : undefined
  return (
    <Panel
      title={t('overview.by')}
      hint={
        total !== undefined && t('overview.total', { count: total, replace: { count: format.number(total) } })
      }
      className="breakdowns"
    >
      {error !== undefined && data && <FailureNotice nameless error={error} onRetry={ask} />}
      {error !== undefined && !data ? (
        <Failure error={error} onRetry={ask} />
      ) : total === 0 ? (
        <Message title={t('overview.empty')} hint={t('overview.emptyHint')} />
      ) : (
        <div className="thirds">
          {PARTS.filter(({ part }) => part !== 'byClient' || (data?.byClient.groupCount ?? 0) > 0).map(
            ({ part, grouping }) => (
              <section key={part}>
                <h3>{t(`overview.${part}`)}</h3>
                {data && <GroupBars grouping={grouping} counts={data[part]} params={ALL} view={NO_REASONS} />}
              </section>
            ),
          )}
          {reasons && reasons.total > 0 && (
            <section>
              <h3>{t('overview.byReason')}</h3>
              <GroupBars grouping="reason" counts={reasons} params={STALE} view={NO_REASONS} />
            </section>
          )}
        </div>
      )}
    </Panel>
  )
}
