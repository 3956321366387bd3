import '@mantine/charts/styles.css'
import { AreaChart, LineChart } from '@mantine/charts'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../../hooks/use-format.js'
import { integerTicks } from './integer-ticks.js'
import type { StatsPoint } from './stats-window.js'

const HEIGHT = 150

interface ChartsProps {
  readonly points: readonly StatsPoint[]
}

export function Charts({ points }: ChartsProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const data = useMemo(
    () =>
      points.map(
        ({ at, hitRate, reuseRate, affinities, created, refreshed, switched, removed, expired }) => ({
          time: format.time(at),
          affinities,
          hitRate: hitRate === null ? null : hitRate * 100,
          reuseRate: reuseRate === null ? null : reuseRate * 100,
          created,
          refreshed,
          switched,
          removed,
          expired,
        }),
      ),
    [points, format],
  )
  const rates = [
    { name: 'hitRate', label: t('overview.hits'), color: 'teal.5' },
    { name: 'reuseRate', label: t('overview.reuse'), color: 'indigo.4' },
  ]
  const changes = [
    { name: 'refreshed', label: t('overview.refreshed'), color: 'gray.5' },
    { name: 'created', label: t('overview.created'), color: 'teal.5' },
    { name: 'expired', label: t('overview.expired'), color: 'indigo.4' },
    { name: 'switched', label: t('overview.switched'), color: 'orange.5' },
    { name: 'removed', label: t('overview.removed'), color: 'red.5' },
  ]
  const shared = {
    h: HEIGHT,
    data,
    dataKey: 'time',
    withDots: false,
    curveType: 'linear',
    strokeWidth: 1.5,
    tickLine: 'none',
    gridProps: { strokeDasharray: '0' },
    xAxisProps: { minTickGap: 60 },
    yAxisProps: { width: 64 },
    // Lines that move while one reads them are noise.
    lineProps: { isAnimationActive: false },
    tooltipAnimationDuration: 0,
    valueFormatter: format.decimal,
  } as const
  return (
    <>
      <Chart order={0} title={t('overview.chartAffinities')} waiting={data.length < 2}>
        <AreaChart
          {...shared}
          areaProps={{ isAnimationActive: false }}
          withGradient={false}
          fillOpacity={0.12}
          yAxisProps={{ ...shared.yAxisProps, ...axis(points.map(({ affinities }) => affinities)) }}
          series={[{ name: 'affinities', label: t('overview.chartAffinities'), color: 'teal.5' }]}
        />
      </Chart>
      <Chart
        order={1}
        empty={points.every(({ hitRate, reuseRate }) => hitRate === null && reuseRate === null)}
        title={t('overview.chartRates')}
        waiting={data.length < 2}
        series={rates}
      >
        <LineChart
          {...shared}
          connectNulls={false}
          unit="%"
          yAxisProps={{ ...shared.yAxisProps, domain: [0, 100] }}
          series={[...rates]}
        />
      </Chart>
      <Chart order={2} title={t('overview.chartEvents')} waiting={data.length < 2} series={changes}>
        <LineChart
          {...shared}
          yAxisProps={{ ...shared.yAxisProps, ...axis(points.flatMap(changesOf), 0) }}
          series={[...changes]}
        />
      </Chart>
    </>
  )
}

/** The axis ends where its ticks do. */
function axis(values: readonly number[], base?: number) {
  const ticks = integerTicks(values, base)
  return { ticks: [...ticks], domain: [ticks[0] ?? 0, ticks.at(-1) ?? 1], interval: 0 } as const
}

const changesOf = ({ created, refreshed, switched, removed, expired }: StatsPoint) =>
  [created, refreshed, switched, removed, expired].filter((value) => value !== null)

/** One chart a task: the three together would hold the page up for longer than a keystroke should wait. */
const STAGGER_MS = 60

interface ChartProps {
  /** 0 for the one that is drawn first. */
  readonly order: number
  readonly title: string
  readonly waiting: boolean
  /** Nothing was counted: said in words, since an empty chart looks like a broken one. */
  readonly empty?: boolean
  /** Named beside the title; a chart of one line needs no names. */
  readonly series?: readonly { readonly name: string; readonly label: string; readonly color: string }[]
  readonly children: ReactNode
}

function Chart({ order, title, waiting, empty = false, series = [], children }: ChartProps) {
  const { t } = useTranslation()
  const [turn, setTurn] = useState(order === 0)
  useEffect(() => {
    if (waiting) return
    const timer = setTimeout(() => setTurn(true), order * STAGGER_MS)
    return () => clearTimeout(timer)
  }, [waiting, order])
  return (
    <figure className="chart">
      <figcaption>
        <span>{title}</span>
        {series.map(({ name, label, color }) => (
          <span key={name} className="legend">
            <i style={{ background: `var(--mantine-color-${color.replace('.', '-')})` }} />
            {label}
          </span>
        ))}
      </figcaption>
      {waiting || empty || !turn ? (
        <div className="message" style={{ minHeight: HEIGHT }}>
          {t(empty && !waiting ? 'common.noData' : 'overview.waiting')}
        </div>
      ) : (
        children
      )}
    </figure>
  )
}
