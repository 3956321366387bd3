import { type ReactNode, useId } from 'react'

interface PanelProps {
  readonly title: string
  readonly hint?: ReactNode
  readonly children: ReactNode
  readonly className?: string
}

export function Panel({ title, hint, children, className = '' }: PanelProps) {
  const id = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {hint !== undefined && <span className="hint">{hint}</span>}
      </header>
      <div className="body">{children}</div>
    </section>
  )
}
