import { Anchor, Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useFormat } from '../hooks/use-format.js'
import { ClearFailed } from './ClearFailed.js'
import { ClearWarnings } from './ClearWarnings.js'
import { type ClearTarget, clearsMappings } from './clear-store.js'
import { LiveFollowUp } from './LiveFollowUp.js'
import type { ClearOutcome } from './run-clear.js'
import { useWrittenBack } from './use-written-back.js'

interface ClearDoneProps {
  readonly target: ClearTarget
  readonly outcome: ClearOutcome
  readonly onAgain: () => void
  readonly onClose: () => void
}

export function ClearDone({ target, outcome, onAgain, onClose }: ClearDoneProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { cleared: count, auditId, failure } = outcome
  const mappings = clearsMappings(target)
  const isFollowed = !mappings && target.kind !== 'poolSessions' && count > 0
  const writtenBack = useWrittenBack(mappings || count === 0 ? null : auditId)
  return (
    <>
      <p className="clear-count" role="status">
        {/* A failed clear with an unknown result must not say "0 records cleared". */}
        {(count > 0 || failure === null) &&
          t(mappings ? 'clears.doneKeys' : 'clears.done', { count, formatted: format.number(count) })}
      </p>
      {failure && <ClearFailed failure={failure} />}
      <ClearWarnings warnings={outcome.warnings} nodes={outcome.nodes} />
      {writtenBack !== null && writtenBack > 0 && (
        <p role="alert" className="notice warn">
          {t('clears.writtenBack', {
            count: writtenBack,
            formatted: format.number(writtenBack),
            total: format.number(count),
          })}
        </p>
      )}
      {isFollowed && auditId !== null && (
        <LiveFollowUp target={target} auditEventId={auditId} onClose={onClose} />
      )}
      {!mappings && count > 0 && <p className="dim">{t('clears.backInCache')}</p>}
      <Group justify="space-between" mt="md">
        {auditId === null ? (
          <span />
        ) : (
          <Anchor
            component={Link}
            to={`/audit?event=${encodeURIComponent(auditId)}`}
            onClick={onClose}
            size="sm"
          >
            {t('clears.audit')}
          </Anchor>
        )}
        <Group gap="xs">
          {failure && (
            <Button size="xs" variant="default" onClick={onAgain}>
              {t('common.retry')}
            </Button>
          )}
          <Button size="xs" onClick={onClose} data-autofocus>
            {t('common.close')}
          </Button>
        </Group>
      </Group>
    </>
  )
}
