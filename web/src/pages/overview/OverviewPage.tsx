import { SegmentedControl } from '@mantine/core'
import { Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useAttention } from '../../api/visibility.js'
import { ConnectionState } from '../../app/Connection.js'
import { Loading } from '../../app/Loading.js'
import { idle, part } from '../../app/part.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { PageHead, Scroll } from '../../components/Page.js'
import { Panel } from '../../components/Panel.js'
import { GatewayBanner } from '../../gateway/GatewayBanner.js'
import { CacheStatsNowDocument } from '../../generated/graphql.js'
import { useStore } from '../../hooks/store.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { Breakdowns } from './Breakdowns.js'
import { Figures } from './Figures.js'
import { HealthPanel } from './HealthPanel.js'
import { isPeriod, PERIODS, type Period } from './history.js'
import { SchedulerPanel } from './SchedulerPanel.js'
import { followStats, INTERVAL_SECONDS, statsWindow, takeIn, WINDOW_MINUTES } from './stats-window.js'
import { useStaleCounts } from './use-breakdown.js'
import './overview.css'

/** The charts load last: their script is the largest, and they have nothing to draw before the second point. */
const Charts = part(async () => {
  await idle()
  return (await import('./Charts.js')).Charts
})

const History = part(async () => {
  await idle()
  return (await import('./History.js')).History
})

const NOTHING = {} as const

export function OverviewPage() {
  const { t } = useTranslation()
  const { latest, points, error: streamError } = useStore(statsWindow)
  const [period, setPeriod] = useState<Period>('1h')
  const now = useAnswer(CacheStatsNowDocument, NOTHING, { fetchPolicy: 'no-cache' })
  const attended = useAttention()
  useEffect(() => (attended ? followStats() : undefined), [attended])
  useEffect(() => {
    // The stream delivers all later figures. After an error, this answer is newer than the stream's last one.
    const { latest: before, error } = statsWindow.get()
    if (now.data && (before === null || error !== undefined)) takeIn(now.data.cacheStats, Date.now())
  }, [now.data])
  const stale = useStaleCounts()
  const stats = latest ?? now.data?.cacheStats
  const error = now.error ?? streamError
  return (
    <Scroll>
      <PageHead title={t('overview.title')}>
        <ConnectionState />
      </PageHead>
      {!stats && error !== undefined ? (
        <Failure error={error} onRetry={now.ask} />
      ) : (
        <div className="grid overview">
          {error !== undefined && <FailureNotice error={error} onRetry={now.ask} />}
          <GatewayBanner />
          <Figures stats={stats} stale={stale} />
          <Panel
            title={t('overview.overTime')}
            hint={
              period === 'page'
                ? t('overview.overTimeHint', { minutes: WINDOW_MINUTES, seconds: INTERVAL_SECONDS })
                : t('overview.historyHint')
            }
          >
            <SegmentedControl
              size="xs"
              mb="sm"
              aria-label={t('overview.period')}
              value={period}
              data={PERIODS.map((value) => ({ value, label: t(`overview.periods.${value}`) }))}
              onChange={(next) => isPeriod(next) && setPeriod(next)}
            />
            <div className={period === 'page' ? 'charts' : 'charts history'}>
              <Suspense fallback={<Loading />}>
                {period === 'page' ? (
                  <Charts points={points} />
                ) : (
                  <History period={period} total={stats?.totalAffinities ?? null} />
                )}
              </Suspense>
            </div>
          </Panel>
          <Breakdowns stale={stale} />
          <div className="overview-foot">
            <SchedulerPanel stats={stats} />
            <HealthPanel stats={stats} />
          </div>
        </div>
      )}
    </Scroll>
  )
}
