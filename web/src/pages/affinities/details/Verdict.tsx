import { useTranslation } from 'react-i18next'
import type { AffinityRowFragment } from '../../../generated/graphql.js'

interface VerdictProps {
  readonly record: Pick<AffinityRowFragment, 'usability' | 'staleReasons' | 'conditions'>
}

/** What the scheduler would do with the pin, and each reason or condition as a sentence. */
export function Verdict({ record }: VerdictProps) {
  const { t } = useTranslation()
  const { usability, staleReasons, conditions } = record
  const why = [
    ...(staleReasons ?? []).map((reason) => t(`reasonSentences.${reason}`)),
    ...(conditions ?? []).map((condition) => t(`conditionSentences.${condition}`)),
  ]
  return (
    <div className={`verdict ${usability === 'STALE' ? 'notice' : ''}`}>
      <p>{t(`details.verdicts.${usability ?? 'unknown'}`)}</p>
      {why.length > 0 && (
        <ul>
          {why.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </div>
  )
}
