import type { ReactNode } from 'react'

export interface Column {
  readonly id: string
  /** Null where nothing is known, which is not 0. */
  readonly value: number | null
  /** What the column says under the pointer. */
  readonly words: string
}

interface ColumnsProps {
  /** What the chart says, for those who do not see it. */
  readonly label: string
  readonly columns: readonly Column[]
  readonly words: (value: number) => string
  /** Stands below the columns, at equal distances. */
  readonly marks: readonly ReactNode[]
}

/** The part of a column's place that stays free. */
const GAP = 0.15

/** A chart of columns from a base line, downwards where a value is less than 0. */
export function Columns({ label, columns, words, marks }: ColumnsProps) {
  const values = columns.map(({ value }) => value ?? 0)
  const most = Math.max(0, ...values)
  const least = Math.min(0, ...values)
  const span = most - least || 1
  const width = 100 / columns.length
  const percent = (part: number) => `${part}%`
  return (
    <div className="columns">
      <div className="columns-scale dim" aria-hidden="true">
        <span>{words(most)}</span>
        {least < 0 && <span>{words(least)}</span>}
      </div>
      <svg role="img" aria-label={label}>
        {columns.map(({ id, value, words: said }, at) => (
          <g key={id}>
            <title>{said}</title>
            {/* The whole place is pointed at, not the column alone. */}
            <rect className="place" x={percent(at * width)} y="0" width={percent(width)} height="100%" />
            {value !== null && (
              <rect
                className={value < 0 ? 'loss' : 'gain'}
                x={percent((at + GAP / 2) * width)}
                y={percent(((most - Math.max(value, 0)) / span) * 100)}
                width={percent((1 - GAP) * width)}
                height={percent((Math.abs(value) / span) * 100)}
              />
            )}
          </g>
        ))}
        <line x1="0" x2="100%" y1={percent((most / span) * 100)} y2={percent((most / span) * 100)} />
      </svg>
      <div className="columns-marks dim" aria-hidden="true">
        {marks.map((mark, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a mark is its place
          <span key={at}>{mark}</span>
        ))}
      </div>
    </div>
  )
}
