import { useTranslation } from 'react-i18next'
import { useFormat } from '../hooks/use-format.js'
import type { ClearFailure } from './run-clear.js'

const SHOWN = 5

/** Each reason once: fifty records that failed for one reason are one line. */
export function ClearFailures({ failures }: { readonly failures: readonly ClearFailure[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const reasons = [...new Map(failures.map((failure) => [failure.code + failure.message, failure])).values()]
  const words = ({ code, message }: ClearFailure) => {
    if (code === 'OUTCOME_UNKNOWN') return t('clears.outcomeUnknown')
    if (message !== '') return message
    return code === code.toUpperCase() ? t('errors.internal') : t(`errors.${code as Lowercase<'network'>}`)
  }
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
        {reasons.slice(0, SHOWN).map((failure) => (
          <li key={failure.code + failure.message}>
            {words(failure)} {failure.cleared > 0 && t('clears.clearedBefore', { count: failure.cleared })}
          </li>
        ))}
      </ul>
    </div>
  )
}
