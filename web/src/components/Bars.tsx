import type { ReactNode } from 'react'
import { useFormat } from '../hooks/use-format.js'

export interface Bar {
  readonly id: string
  readonly name: ReactNode
  readonly count: number
  /** What is left after the named: in grey, and no measure of their lengths. */
  readonly rest?: boolean
}

/** Counts beside their names, long ones longer: read without a legend, and by a screen reader as a list. */
export function Bars({ bars }: { readonly bars: readonly Bar[] }) {
  const format = useFormat()
  const most = Math.max(1, ...bars.map(({ count, rest }) => (rest ? 0 : count)))
  return (
    <ul className="bars">
      {bars.map(({ id, name, count, rest }) => (
        <li key={id} className={rest ? 'rest' : ''}>
          <span className="truncate">{name}</span>
          <span className="bar" aria-hidden="true">
            <span style={{ width: `${Math.min(count / most, 1) * 100}%` }} />
          </span>
          <span className="number">{format.number(count)}</span>
        </li>
      ))}
    </ul>
  )
}
