import { useTranslation } from 'react-i18next'
import { FollowUp } from '../../clears/FollowUp.js'
import { AuditFollowUpDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { pinnedSince } from '../affinities/address.js'

const EVERY_MS = 5_000

/** This tells where the users of what a clear removed are pinned since; nothing an hour after it, and for any other event. */
export function AuditFollowUp({ id }: { readonly id: string }) {
  const { t } = useTranslation()
  const { data } = useAnswer(AuditFollowUpDocument, { id }, { fetchPolicy: 'no-cache', everyMs: EVERY_MS })
  const event = data?.auditEvent
  if (event?.id !== id || event.followUp === null) return null
  const { followUp, targetKind, targetId } = event
  return (
    <section className="clear-followed">
      <header>
        <h3>{t('clears.followUp.title')}</h3>
      </header>
      <FollowUp
        followUp={followUp}
        again={
          targetKind === 'PROVIDER' && targetId !== null
            ? pinnedSince({ providerId: targetId }, followUp.since)
            : null
        }
      />
    </section>
  )
}
