import { useTranslation } from 'react-i18next'

/** The text takes the place of a part that is loading. It stays invisible if loading is quick. */
export function Loading() {
  const { t } = useTranslation()
  return (
    <p className="content dim loading" role="status">
      {t('app.loading')}
    </p>
  )
}
