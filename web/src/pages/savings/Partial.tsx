import { useTranslation } from 'react-i18next'
import { useFormat } from '../../hooks/use-format.js'

/** What is saved leaves out the requests that have no price. */
export function Partial({ unpriced }: { readonly unpriced: number }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (unpriced === 0) return null
  return (
    <p className="notice" role="note">
      {t('savings.partial', { count: unpriced, replace: { count: format.number(unpriced) } })}
    </p>
  )
}
