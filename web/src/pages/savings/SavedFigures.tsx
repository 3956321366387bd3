import { useTranslation } from 'react-i18next'
import { Figure } from '../../components/Figure.js'
import type { CacheSumsFragment, SwitchSumsFragment } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import type { Period } from './address.js'

interface SavedFiguresProps {
  readonly period: Period
  readonly total: CacheSumsFragment
  readonly before: CacheSumsFragment | undefined
  /** What switches cost, as far as that is known already. */
  readonly switches:
    | { readonly sessionsKnown: boolean; readonly total: SwitchSumsFragment }
    | null
    | undefined
  readonly switchesBefore: SwitchSumsFragment | undefined
  /** Whether nothing will be known of switches: they could not be read. */
  readonly switchesFailed: boolean
  /** Within a panel they need none of their own. */
  readonly isWithin?: boolean
}

/** Four figures, each beside that of the period before. */
export function SavedFigures({
  period,
  total,
  before,
  switches,
  switchesBefore,
  switchesFailed,
  isWithin = false,
}: SavedFiguresProps) {
  const { t } = useTranslation()
  const format = useFormat()
  function figure<Sums>(
    name: string,
    [now, past]: readonly [Sums | undefined, Sums | undefined],
    words: (sums: Sums) => string,
    hint = '',
    otherwise?: string,
  ) {
    return (
      <Figure
        name={name}
        value={now ? words(now) : otherwise}
        hint={
          <>
            {past && t(`savings.before.${period}`, { value: words(past) })}
            {hint !== '' && <div>{hint}</div>}
          </>
        }
      />
    )
  }
  const counted = (count: number) => ({ count, replace: { count: format.number(count) } })
  const percent = (share: number | null) => (share === null ? t('common.noData') : format.percent(share))
  const money = (dollars: number | null) => (dollars === null ? t('common.noData') : format.money(dollars))
  const sums = [total, before] as const
  return (
    <dl className={isWithin ? 'figures' : 'panel figures'}>
      {figure(
        t('savings.net'),
        sums,
        ({ netSavedUsd }) => money(netSavedUsd),
        total.netSavedUsd === null
          ? ''
          : t('savings.netHint', { saved: money(total.savedUsd), premium: money(total.creationPremiumUsd) }),
      )}
      {figure(t('savings.tokenHitRate'), sums, ({ tokenHitRate }) => percent(tokenHitRate))}
      {figure(
        t('savings.requestHitRate'),
        sums,
        ({ requestHitRate }) => percent(requestHitRate),
        t('savings.requestsOf', counted(total.requests)),
      )}
      {figure(
        t('savings.switches.title'),
        [switches?.total, switchesBefore],
        ({ pairs, switches: count, costUsd }) => money(pairs > 0 && count === 0 ? 0 : costUsd),
        switches == null
          ? ''
          : t(
              switches.sessionsKnown ? 'savings.switches.inAll' : 'savings.switches.atMost',
              counted(switches.total.switches),
            ),
        switchesFailed ? t('common.noData') : undefined,
      )}
    </dl>
  )
}
