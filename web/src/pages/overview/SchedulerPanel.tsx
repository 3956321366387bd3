import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Panel } from '../../components/Panel.js'
import { Ago } from '../../components/Time.js'
import { useGateway } from '../../gateway/use-gateway.js'
import type { StatsFragment } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'

/** The panel leaves out what no gateway reports. */
export function SchedulerPanel({ stats }: { readonly stats: StatsFragment | undefined }) {
  const { t } = useTranslation()
  const format = useFormat()
  // In front of the Rust gateway's provider keys nothing is reserved.
  const reserves = useGateway()?.generation !== 'PROCESS_MEMORY'
  if (!stats) return <Panel title={t('overview.scheduler')}>{null}</Panel>
  const { schedulerMetrics: metrics, dynamicReservation: reservation } = stats
  const { lastApiFormat, lastModelName, lastUpdatedAt, lastBatchSize, lastCandidateCount } = metrics
  // Some gateways report only totals, and nothing about the last batch.
  const reported = metrics.totalBatches !== null || metrics.cacheHitRate !== null
  const never = reported ? null : t('overview.schedulerNever')
  const lastFor = [lastModelName, lastApiFormat].filter((text) => text !== null).join(' · ')
  /** What nobody reports is no data, and not 0. */
  const known = (value: number | null) => (value === null ? t('common.noData') : format.number(value))
  return (
    <Panel title={t('overview.scheduler')} hint={lastUpdatedAt === null ? never : <Ago at={lastUpdatedAt} />}>
      <dl className="facts wide">
        <dt>{t('overview.strategy')}</dt>
        <dd className="mono">{stats.scheduler}</dd>
        <dt>{t('overview.schedulingMode')}</dt>
        <dd className="mono">{stats.schedulingMode ?? t('common.unknown')}</dd>
        <dt>{t('overview.priorityMode')}</dt>
        <dd className="mono">{stats.priorityMode ?? t('common.unknown')}</dd>
        {metrics.totalBatches !== null && (
          <Fact name={t('overview.batches')}>{format.number(metrics.totalBatches)}</Fact>
        )}
        {metrics.totalCandidates !== null && (
          <Fact name={t('overview.candidates')}>
            {format.number(metrics.totalCandidates)}{' '}
            {metrics.avgCandidatesPerBatch !== null && (
              <span className="dim">
                {t('overview.perBatch', { value: format.decimal(metrics.avgCandidatesPerBatch) })}
              </span>
            )}
          </Fact>
        )}
        {(lastBatchSize !== null || lastCandidateCount !== null) && (
          <Fact name={t('overview.lastBatch')}>
            {t('overview.lastBatchOf', { size: known(lastBatchSize), candidates: known(lastCandidateCount) })}
          </Fact>
        )}
        {lastFor !== '' && <Fact name={t('overview.lastFor')}>{lastFor}</Fact>}
        {metrics.concurrencyDenied !== null && (
          <Fact name={t('overview.denied')}>{format.number(metrics.concurrencyDenied)}</Fact>
        )}
        {reserves && (
          <>
            {reservation.enabled === false && (
              <Fact name={t('overview.reservation')}>{t('overview.reservationOff')}</Fact>
            )}
            {reservation.enabled !== false && reservation.currentAvgRatio !== null && (
              <Fact name={t('overview.reservation')}>
                {format.percent(reservation.currentAvgRatio)}{' '}
                {reservation.probePhaseRatio !== null && (
                  <span className="dim">
                    {t('overview.probePhase')} {format.percent(reservation.probePhaseRatio)}
                  </span>
                )}
              </Fact>
            )}
            {reservation.totalChecks !== null && (
              <Fact name={t('overview.checks')}>{format.number(reservation.totalChecks)}</Fact>
            )}
          </>
        )}
      </dl>
    </Panel>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
