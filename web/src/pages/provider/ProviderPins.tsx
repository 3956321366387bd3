import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { Panel } from '../../components/Panel.js'
import { GroupBars } from '../counts/GroupBars.js'
import type { ProviderAnswers } from './use-provider.js'

const NO_REASONS = { reasons: [] } as const

interface ProviderPinsProps {
  readonly id: string
  readonly answers: Pick<ProviderAnswers, 'pins' | 'people' | 'ask'>
}

/** Who is pinned to the provider: each bar leads to its pins there. */
export function ProviderPins({ id, answers: { pins, people, ask } }: ProviderPinsProps) {
  const { t } = useTranslation()
  const params = useMemo(() => new URLSearchParams({ provider: id }), [id])
  const error = pins.error ?? people.error
  const parts = [
    { grouping: 'provider-key', title: 'provider.byKey', counts: pins.data?.byKey },
    { grouping: 'user', title: 'provider.byUser', counts: people.data?.byUser },
    { grouping: 'model', title: 'overview.byModel', counts: pins.data?.byModel },
    {
      grouping: 'reason',
      title: 'overview.byReason',
      counts: people.error === undefined ? people.data?.byReason : undefined,
    },
  ] as const
  return (
    <Panel title={t('provider.who')} className="breakdowns">
      {error !== undefined && pins.data && <FailureNotice nameless error={error} onRetry={ask} />}
      {error !== undefined && !pins.data ? (
        <Failure error={error} onRetry={ask} />
      ) : pins.data?.byKey.total === 0 ? (
        <Message title={t('provider.nobody')} hint={t('provider.nobodyHint')} />
      ) : (
        <div className="thirds">
          {parts.map(({ grouping, title, counts }) => (
            <section key={grouping}>
              <h3>{t(title)}</h3>
              {counts && <GroupBars grouping={grouping} counts={counts} params={params} view={NO_REASONS} />}
            </section>
          ))}
        </div>
      )}
    </Panel>
  )
}
