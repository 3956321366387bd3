import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useFormat } from '../../hooks/use-format.js'
import { alone, timeTicks } from './axis.js'

export interface Line {
  readonly label: string
  /** A CSS variable that holds a hexadecimal colour. */
  readonly color: string
  /** A null is a gap in the line: nothing was counted. */
  readonly values: readonly (number | null)[]
}

interface TimeChartProps {
  readonly title: string
  /** Unix milliseconds, one for each value of each line. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  /** The axis has marks at these values, and starts and ends with them. */
  readonly ticks: readonly number[]
  readonly formatValue: (value: number) => string
}

/** The chart has this size in pixels, as in overview.css. */
const HEIGHT = 150
const AXIS_WIDTH = 56
/** A time label needs this many pixels, so that two labels do not touch. */
const TIME_WIDTH = 66
/** The chart spans at least this many seconds, because the first two points may be close together. */
const SHORTEST = 5
const FONT = '12px system-ui, sans-serif'

/** The chart draws lines over time on a canvas, so points cost no elements. Screen readers get the last values in words. */
export function TimeChart(props: TimeChartProps) {
  const { title, times, lines } = props
  const format = useFormat()
  const scheme = useComputedColorScheme()
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const [pointed, setPointed] = useState<Pointed | null>(null)
  // The plot outlives a render, so it reads the current values when it draws.
  const latest = useRef({ ...props, time: format.time })
  latest.current = { ...props, time: format.time }

  const count = lines.length
  useEffect(() => {
    if (!frame.current) return
    const chart = createPlot(frame.current, count, () => latest.current, setPointed)
    plot.current = chart
    return () => chart.destroy()
  }, [count])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours, another language other words
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines, scheme, format])

  const valueAt = ({ values }: Line, index: number) => {
    const value = values[index]
    return value == null ? '—' : props.formatValue(value)
  }
  const last = times.length - 1
  const words = lines.map((line) => `${line.label} ${valueAt(line, last)}`).join(', ')
  return (
    <div className="plot">
      <div ref={frame} role="img" aria-label={count === 1 ? words : `${title}: ${words}`} />
      {pointed && (
        <div className={`plot-values ${pointed.right ? 'right' : ''}`} style={{ left: pointed.left }}>
          <b>{format.time(times[pointed.index] ?? 0)}</b>
          {lines.map((line) => (
            <span key={line.label}>
              <i style={{ background: `var(${line.color})` }} />
              {line.label} <b>{valueAt(line, pointed.index)}</b>
            </span>
          ))}
        </div>
      )}
    </div>
  )
}

interface Pointed {
  readonly index: number
  /** Pixels from the left edge of the picture. */
  readonly left: number
  /** Whether the values stand left of the pointer, since there is no room on its right. */
  readonly right: boolean
}

const dataOf = (times: readonly number[], lines: readonly Line[]): uPlot.AlignedData => [
  times.map((at) => at / 1_000),
  ...lines.map(({ values }) => [...values]),
]

function createPlot(
  target: HTMLElement,
  count: number,
  latest: () => TimeChartProps & { readonly time: (at: number) => string },
  point: (pointed: Pointed | null) => void,
): uPlot {
  const css = (name: string) => getComputedStyle(target).getPropertyValue(name)
  const colorOf = (index: number) => css(latest().lines[index]?.color ?? '')
  const axis: uPlot.Axis = {
    font: FONT,
    stroke: () => css('--mantine-color-dimmed'),
    ticks: { show: false },
    grid: { stroke: () => css('--line'), width: 1 },
  }
  const { times, lines } = latest()
  const plot = new uPlot(
    {
      width: target.clientWidth,
      height: HEIGHT,
      // A label at the end of the axis has room on its right.
      padding: [8, TIME_WIDTH / 2, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false }, points: { size: 6 } },
      scales: {
        x: { range: (_, from, to) => [from, Math.max(to, from + SHORTEST)] },
        y: {
          range: () => {
            const { ticks } = latest()
            return [ticks[0] ?? 0, ticks.at(-1) ?? 1]
          },
        },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          gap: 9,
          splits: ({ bbox }, _, from, to) =>
            // A chart that is not shown yet has no width, and room for no label.
            bbox.width > 0
              ? timeTicks(from, to, ((to - from) * TIME_WIDTH * devicePixelRatio) / bbox.width)
              : [],
          values: (_, seconds) => seconds.map((at) => latest().time(at * 1_000)),
        },
        {
          ...axis,
          size: AXIS_WIDTH,
          splits: () => [...latest().ticks],
          values: (_, values) => values.map((value) => latest().formatValue(value)),
        },
      ],
      series: [
        {},
        ...Array.from({ length: count }, (_, index) => ({
          stroke: () => colorOf(index),
          width: 1.5,
          // A line from a minute's end to now may be shorter than a pixel.
          cap: 'round' as const,
          points: {
            show: false,
            size: 4,
            fill: () => colorOf(index),
            filter: () => alone(latest().lines[index]?.values ?? []),
          },
        })),
      ],
      hooks: {
        setCursor: [
          ({ cursor: { idx, left = -1 }, bbox }) => {
            if (idx == null || left < 0) return point(null)
            point({ index: idx, left: AXIS_WIDTH + left, right: left > bbox.width / devicePixelRatio / 2 })
          },
        ],
      },
    },
    dataOf(times, lines),
    target,
  )
  const watcher = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: HEIGHT }))
  watcher.observe(target)
  plot.hooks.destroy = [() => watcher.disconnect()]
  return plot
}
