import type { TFunction } from 'i18next'
import { type ReactNode, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../../hooks/use-format.js'
import { integerTicks } from './axis.js'
import type { StatsPoint } from './stats-window.js'
import { type Line, TimeChart } from './TimeChart.js'

const PERCENT_TICKS = [0, 0.25, 0.5, 0.75, 1]

/** The charts draw these values of a point; labels are keys of the catalogue. */
const AFFINITIES = [
  { label: 'chartAffinities', value: 'affinities', color: '--mantine-color-teal-5' },
] as const
const RATES = [
  { label: 'hits', value: 'hitRate', color: '--mantine-color-teal-5' },
  { label: 'reuse', value: 'reuseRate', color: '--mantine-color-indigo-4' },
] as const
export const CHANGES = [
  { label: 'refreshed', value: 'refreshed', color: '--mantine-color-gray-5' },
  { label: 'created', value: 'created', color: '--mantine-color-teal-5' },
  { label: 'expired', value: 'expired', color: '--mantine-color-indigo-4' },
  { label: 'switched', value: 'switched', color: '--mantine-color-orange-5' },
  { label: 'removed', value: 'removed', color: '--mantine-color-red-5' },
] as const

export interface ChartPart {
  readonly label: (typeof AFFINITIES | typeof RATES | typeof CHANGES)[number]['label']
  readonly value: keyof StatsPoint
  readonly color: string
}

/** Returns a line for each part, with a gap where nothing was counted. */
export const linesOf = <Value extends keyof StatsPoint>(
  t: TFunction,
  parts: readonly (ChartPart & { readonly value: Value })[],
  points: readonly Readonly<Record<Value, number | null>>[],
): readonly Line[] =>
  parts.map(({ label, value, color }) => ({
    label: t(`overview.${label}`),
    color,
    values: points.map((point) => point[value]),
  }))

export function Charts({ points }: { readonly points: readonly StatsPoint[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { times, affinities, rates, changes } = useMemo(() => {
    return {
      times: points.map(({ at }) => at),
      affinities: linesOf(t, AFFINITIES, points),
      rates: linesOf(t, RATES, points),
      changes: linesOf(t, CHANGES, points),
    }
  }, [points, t])
  return (
    <>
      <Chart title={t('overview.chartAffinities')} lines={affinities} legend={false}>
        <TimeChart
          title={t('overview.chartAffinities')}
          times={times}
          lines={affinities}
          ticks={integerTicks(numbersOf(affinities))}
          formatValue={format.number}
        />
      </Chart>
      <Chart title={t('overview.chartRates')} lines={rates}>
        <TimeChart
          title={t('overview.chartRates')}
          times={times}
          lines={rates}
          ticks={PERCENT_TICKS}
          formatValue={format.percent}
        />
      </Chart>
      <Chart title={t('overview.chartEvents')} lines={changes}>
        <TimeChart
          title={t('overview.chartEvents')}
          times={times}
          lines={changes}
          ticks={integerTicks(numbersOf(changes), 0)}
          formatValue={format.decimal}
        />
      </Chart>
    </>
  )
}

export const numbersOf = (lines: readonly Line[]): number[] =>
  lines.flatMap(({ values }) => values.filter((value) => value !== null))

interface ChartProps {
  readonly title: string
  readonly lines: readonly Line[]
  /** A chart of one line needs no names. */
  readonly legend?: boolean
  readonly children: ReactNode
}

export function Chart({ title, lines, legend = true, children }: ChartProps) {
  const { t } = useTranslation()
  const waiting = (lines[0]?.values.length ?? 0) < 2
  // Words say that nothing was counted, because an empty chart looks broken.
  const empty = numbersOf(lines).length === 0
  return (
    <figure className="chart">
      <figcaption>
        <span>{title}</span>
        {legend &&
          lines.map(({ label, color }) => (
            <span key={label} className="legend">
              <i style={{ background: `var(${color})` }} />
              {label}
            </span>
          ))}
      </figcaption>
      {waiting || empty ? (
        <div className="message plot">{t(waiting ? 'overview.waiting' : 'common.noData')}</div>
      ) : (
        children
      )}
    </figure>
  )
}
