import type { ReactNode } from 'react'
import { usePageTitle } from '../hooks/use-page-title.js'

interface PageHeadProps {
  readonly title: string
  readonly intro?: string
  readonly children?: ReactNode
}

export function PageHead({ title, intro, children }: PageHeadProps) {
  usePageTitle(title)
  return (
    <div className="page-head">
      <h1 style={{ margin: 0, fontSize: '1.0625rem' }}>{title}</h1>
      {intro !== undefined && <p className="hint intro">{intro}</p>}
      {children}
    </div>
  )
}
