import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

/** What the tab, the history and a screen reader call the page. */
export function usePageTitle(title: string): void {
  const { t } = useTranslation()
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`
  }, [title, t])
}
