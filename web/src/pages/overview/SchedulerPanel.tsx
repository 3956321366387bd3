import { useTranslation } from 'react-i18next'
import { Panel } from '../../components/Panel.js'
import { Ago } from '../../components/Time.js'
import type { StatsFragment } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'

export function SchedulerPanel({ stats }: { readonly stats: StatsFragment | undefined }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (!stats) return <Panel title={t('overview.scheduler')}>{null}</Panel>
  const { schedulerMetrics: metrics, dynamicReservation: reservation } = stats
  const { lastApiFormat, lastModelName, lastUpdatedAt, lastBatchSize, lastCandidateCount } = metrics
  // Some gateways report only totals, and nothing about the last batch.
  const reported = metrics.totalBatches !== null || metrics.cacheHitRate !== null
  const never = reported ? null : t('overview.schedulerNever')
  /** What nobody reports is no data, and not 0. */
  const known = (value: number | null, write: (value: number) => string = format.number) =>
    value === null ? t('common.noData') : write(value)
  return (
    <Panel title={t('overview.scheduler')} hint={lastUpdatedAt === null ? never : <Ago at={lastUpdatedAt} />}>
      <dl className="facts wide">
        <dt>{t('overview.strategy')}</dt>
        <dd className="mono">{stats.scheduler}</dd>
        <dt>{t('overview.schedulingMode')}</dt>
        <dd className="mono">{stats.schedulingMode ?? t('common.unknown')}</dd>
        <dt>{t('overview.priorityMode')}</dt>
        <dd className="mono">{stats.priorityMode ?? t('common.unknown')}</dd>
        <dt>{t('overview.batches')}</dt>
        <dd>{known(metrics.totalBatches)}</dd>
        <dt>{t('overview.candidates')}</dt>
        <dd>
          {known(metrics.totalCandidates)}{' '}
          {metrics.avgCandidatesPerBatch !== null && (
            <span className="dim">
              {t('overview.perBatch', { value: format.decimal(metrics.avgCandidatesPerBatch) })}
            </span>
          )}
        </dd>
        <dt>{t('overview.lastBatch')}</dt>
        <dd>
          {lastBatchSize === null && lastCandidateCount === null
            ? t('common.noData')
            : t('overview.lastBatchOf', {
                size: known(lastBatchSize),
                candidates: known(lastCandidateCount),
              })}
        </dd>
        <dt>{t('overview.lastFor')}</dt>
        <dd>
          {[lastModelName, lastApiFormat].filter((text) => text !== null).join(' · ') || t('common.noData')}
        </dd>
        <dt>{t('overview.denied')}</dt>
        <dd>{known(metrics.concurrencyDenied)}</dd>
        <dt>{t('overview.reservation')}</dt>
        <dd>
          {reservation.enabled === false ? (
            t('overview.reservationOff')
          ) : (
            <>
              {known(reservation.currentAvgRatio, format.percent)}{' '}
              {reservation.probePhaseRatio !== null && (
                <span className="dim">
                  {t('overview.probePhase')} {format.percent(reservation.probePhaseRatio)}
                </span>
              )}
            </>
          )}
        </dd>
        <dt>{t('overview.checks')}</dt>
        <dd>{known(reservation.totalChecks)}</dd>
      </dl>
    </Panel>
  )
}
