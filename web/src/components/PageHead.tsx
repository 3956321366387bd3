import { type ReactNode, useEffect } from 'react'
import { useTranslation } from 'react-i18next'

interface PageHeadProps {
  readonly title: string
  readonly intro?: string
  readonly children?: ReactNode
}

export function PageHead({ title, intro, children }: PageHeadProps) {
  const { t } = useTranslation()
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`
  }, [title, t])
  return (
    <div className="page-head">
      <h1 style={{ margin: 0, fontSize: '1.0625rem' }}>{title}</h1>
      {intro !== undefined && <p className="hint intro">{intro}</p>}
      {children}
    </div>
  )
}
