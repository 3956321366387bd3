import type { ReactNode } from 'react'
import { useFormat } from '../hooks/use-format.js'

export interface Bar {
  readonly id: string
  readonly name: ReactNode
  /** Undefined while the count is unknown, which is not 0. */
  readonly count: number | undefined
  /** The bar stands for all others. It is grey and does not scale the named bars. */
  readonly rest?: boolean
}

/** The list shows a bar and a count beside each name. A screen reader reads it as a list. */
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
