import { useTranslation } from 'react-i18next'
import { shownText } from '../components/shown-text.js'
import { useFormat } from '../hooks/use-format.js'
import type { ClearFailure } from './run-clear.js'

const SHOWN = 5

/** The list names each reason once: fifty records that failed for one reason are one line. */
export function ClearFailures({ failures }: { readonly failures: readonly ClearFailure[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const reasons = [
    ...new Map(failures.map((failure) => [failure.reason + failure.message, failure])).values(),
  ]
  return (
    <div role="alert" className="notice failure clear-failures">
      <strong>
        {failures.length > 1
          ? t('clears.failedSome', {
              count: failures.length,
              replace: { count: format.number(failures.length) },
            })
          : t('clears.failed')}
      </strong>
      <ul>
        {reasons.slice(0, SHOWN).map(({ reason, message, cleared }) => (
          <li key={reason + message}>
            {t(`clears.reasons.${reason}`)}{' '}
            {cleared > 0 && t('clears.clearedBefore', { count: cleared, formatted: format.number(cleared) })}
            {message !== '' && (
              <div className="dim" lang="en">
                {shownText(message)}
              </div>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}
