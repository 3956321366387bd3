import { type ReactNode, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useArrival } from '../app/arrival.js'

/** Sets the name of the page for the tab, the history and screen readers. */
export function usePageTitle(title: string): void {
  const { t } = useTranslation()
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`
  }, [title, t])
}

interface PageHeadProps {
  readonly title: string
  readonly intro?: string
  readonly children?: ReactNode
}

export function PageHead({ title, intro, children }: PageHeadProps) {
  usePageTitle(title)
  const heading = useArrival<HTMLHeadingElement>()
  return (
    <div className="page-head">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {intro !== undefined && <p className="hint intro">{intro}</p>}
      {children}
    </div>
  )
}

/** The content scrolls while the navigation stays. */
export function Scroll({ children }: { readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <div className="content" tabIndex={0}>
      {children}
    </div>
  )
}
