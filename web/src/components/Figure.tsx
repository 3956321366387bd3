import type { ReactNode } from 'react'

interface FigureProps {
  readonly name: string
  readonly value: ReactNode
  readonly hint: ReactNode
}

/** One of a row of figures: `<dl className="panel figures">`. */
export function Figure({ name, value, hint }: FigureProps) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd className="value">{value}</dd>
      <dd className="hint">{hint}</dd>
    </div>
  )
}
