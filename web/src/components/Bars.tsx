import type { ReactNode } from 'react'
import { useFormat } from '../hooks/use-format.js'

export interface Bar {
  readonly id: string
  readonly name: ReactNode
  /** Undefined while it is not known, which is not 0. */
  readonly count: number | undefined
  /** What is left after the named: in grey, and no measure of their lengths. */
  readonly rest?: boolean
}

/** Counts beside their names, long ones longer: read without a legend, and by a screen reader as a list. */
export function Bars({ bars }: { readonly bars: readonly Bar[] }) {
  const format = useFormat()
  const most = Math.max(1, ...bars.map(({ count, rest }) => (rest ? 0 : (count ?? 0))))
  return (
    <ul className="bars">
      {bars.map(({ id, name, count, rest }) => (
        <li key={id} className={rest ? 'rest' : ''}>
          <span className="truncate">{name}</span>
          <span className="bar" aria-hidden="true">
            <span style={{ width: `${Math.min((count ?? 0) / most, 1) * 100}%` }} />
          </span>
          <span className="number">{count !== undefined && format.number(count)}</span>
        </li>
      ))}
    </ul>
  )
}
