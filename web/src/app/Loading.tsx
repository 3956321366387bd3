import { useTranslation } from 'react-i18next'

/** Stands where a part of the console is on its way; unseen where that takes no time to speak of. */
export function Loading() {
  const { t } = useTranslation()
  return (
    <p className="content dim loading" role="status">
      {t('app.loading')}
    </p>
  )
}
