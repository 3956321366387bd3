import { useTranslation } from 'react-i18next'
import { Figure } from '../../components/Figure.js'
import type { CacheSumsFragment } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import type { Period } from './address.js'

interface SavedFiguresProps {
  readonly period: Period
  readonly total: CacheSumsFragment | undefined
  readonly before: CacheSumsFragment | undefined
}

/** Four figures, each beside that of the period before. */
export function SavedFigures({ period, total, before }: SavedFiguresProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const figure = (name: string, words: (sums: CacheSumsFragment) => string, hint = '') => (
    <Figure
      name={name}
      value={total && words(total)}
      hint={
        <>
          {before && t(`savings.before.${period}`, { value: words(before) })}
          {hint !== '' && <div>{hint}</div>}
        </>
      }
    />
  )
  const percent = (share: number | null) => (share === null ? t('common.noData') : format.percent(share))
  const money = (dollars: number | null) => (dollars === null ? t('common.noData') : format.money(dollars))
  return (
    <dl className="panel figures">
      {figure(
        t('savings.net'),
        ({ netSavedUsd }) => money(netSavedUsd),
        total &&
          t('savings.netHint', { saved: money(total.savedUsd), premium: money(total.creationPremiumUsd) }),
      )}
      {figure(t('savings.tokenHitRate'), ({ tokenHitRate }) => percent(tokenHitRate))}
      {figure(
        t('savings.requestHitRate'),
        ({ requestHitRate }) => percent(requestHitRate),
        total &&
          t('savings.requestsOf', {
            count: total.requests,
            replace: { count: format.number(total.requests) },
          }),
      )}
    </dl>
  )
}
