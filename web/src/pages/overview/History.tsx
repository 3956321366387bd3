import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Loading } from '../../app/Loading.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { useFormat } from '../../hooks/use-format.js'
import { integerTicks } from './axis.js'
import { CHANGES, Chart, type ChartPart, linesOf, numbersOf } from './Charts.js'
import { BUCKETS, historyPoints, type Past } from './history.js'
import { TimeChart } from './TimeChart.js'
import { useHistory } from './use-history.js'

interface HistoryProps {
  readonly period: Past
  /** The live affinities now; null while they are unknown. */
  readonly total: number | null
  /** Without it, the changes at all providers are drawn. */
  readonly providerId?: string
}

const TOTAL = [
  { label: 'chartAffinities', value: 'affinities', color: '--mantine-color-teal-5' },
] as const satisfies readonly ChartPart[]

/** The charts of what the server has counted, also before this page was opened. */
export function History({ period, total, providerId }: HistoryProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { data, error, readAt, ask } = useHistory(period, providerId ?? null)
  const history = data?.affinityHistory
  const { times, affinities, changes } = useMemo(() => {
    const points = history ? historyPoints(history, readAt, total) : []
    return {
      times: points.map(({ at }) => at),
      affinities: linesOf(t, TOTAL, points),
      changes: linesOf(t, CHANGES, points),
    }
  }, [history, readAt, total, t])
  if (!history) return error === undefined ? <Loading /> : <Failure error={error} onRetry={ask} />
  const minutes = BUCKETS[period].seconds / 60
  const title = t('overview.chartBuckets', { count: minutes, replace: { count: format.number(minutes) } })
  return (
    <>
      {error !== undefined && <FailureNotice error={error} onRetry={ask} />}
      <Chart title={t('overview.chartAffinities')} lines={affinities} legend={false}>
        <TimeChart
          title={t('overview.chartAffinities')}
          times={times}
          lines={affinities}
          ticks={integerTicks(numbersOf(affinities))}
          formatValue={format.number}
        />
      </Chart>
      <Chart title={title} lines={changes}>
        <TimeChart
          title={title}
          times={times}
          lines={changes}
          ticks={integerTicks(numbersOf(changes), 0)}
          formatValue={format.number}
        />
      </Chart>
      <p className="hint charts-note">
        {t('overview.knownSince', { time: format.dateTime(history.knownSince) })}
      </p>
    </>
  )
}
