import { useTranslation } from 'react-i18next'
import { failureKind } from '../api/errors.js'
import { ConnectionState } from '../app/Connection.js'
import { useFormat } from '../hooks/use-format.js'
import { pinnedSince } from '../pages/affinities/address.js'
import { placeOf } from './clear-place.js'
import type { ClearTarget } from './clear-store.js'
import { FollowUp } from './FollowUp.js'
import { useFollowUp } from './use-follow-up.js'

interface LiveFollowUpProps {
  readonly target: ClearTarget
  readonly auditEventId: string
  readonly onClose: () => void
}

/** Tells, live, where the users are pinned whose pins the clear has removed. */
export function LiveFollowUp({ target, auditEventId, onClose }: LiveFollowUpProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { followUp, error } = useFollowUp(auditEventId)
  const place = placeOf(target)
  const kind = failureKind(error)
  return (
    <section className="clear-followed">
      <header>
        <h3>{t('clears.followUp.title')}</h3>
        {error === undefined ? (
          <ConnectionState />
        ) : (
          <span className="dim">{kind === 'input' ? t('clears.followUp.notKept') : t(`errors.${kind}`)}</span>
        )}
      </header>
      {followUp && (
        <>
          <FollowUp
            followUp={followUp}
            again={place && pinnedSince(place, followUp.since)}
            onLeave={onClose}
          />
          <p className="hint">
            {t('clears.followUp.until', { time: format.time(Date.parse(followUp.watchedUntil)) })}
          </p>
        </>
      )}
    </section>
  )
}
