import { useTranslation } from 'react-i18next'
import { shownText } from '../components/shown-text.js'
import { useFormat } from '../hooks/use-format.js'
import type { ClearFailure } from './run-clear.js'

export function ClearFailed({ failure }: { readonly failure: ClearFailure }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { reason, message, cleared } = failure
  return (
    <div role="alert" className="notice failure clear-failed">
      <strong>{t('clears.failed')}</strong>
      <div>
        {t(`clears.reasons.${reason}`)}{' '}
        {cleared > 0 && t('clears.clearedBefore', { count: cleared, formatted: format.number(cleared) })}
        {message !== '' && (
          <div className="dim" lang="en">
            {shownText(message)}
          </div>
        )}
      </div>
    </div>
  )
}
