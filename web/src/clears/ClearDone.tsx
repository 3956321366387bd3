import { Anchor, Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useFormat } from '../hooks/use-format.js'
import { ClearFailures } from './ClearFailures.js'
import { ClearWarnings } from './ClearWarnings.js'
import { type ClearTarget, clearsMappings } from './clear-store.js'
import { LiveFollowUp } from './LiveFollowUp.js'
import type { ClearOutcome } from './run-clear.js'
import { useWrittenBack } from './use-written-back.js'

const NONE: readonly string[] = []

interface ClearDoneProps {
  readonly target: ClearTarget
  readonly outcome: ClearOutcome
  readonly onAgain: () => void
  readonly onClose: () => void
}

export function ClearDone({ target, outcome, onAgain, onClose }: ClearDoneProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { cleared: count, auditIds, failures } = outcome
  const mappings = clearsMappings(target)
  const [auditId] = auditIds
  // The follow-up is of one audit event.
  const isFollowed = !mappings && target.kind !== 'poolSessions' && count > 0 && auditIds.length === 1
  const writtenBack = useWrittenBack(mappings || count === 0 ? NONE : auditIds)
  return (
    <>
      <p className="clear-count" role="status">
        {/* A failed clear with an unknown result must not say "0 records cleared". */}
        {(count > 0 || failures.length === 0) &&
          t(mappings ? 'clears.doneKeys' : 'clears.done', { count, formatted: format.number(count) })}
      </p>
      {failures.length > 0 && <ClearFailures failures={failures} />}
      <ClearWarnings warnings={outcome.warnings} nodes={outcome.nodes} />
      {writtenBack !== null && writtenBack > 0 && (
        <p role="alert" className="notice warn">
          {t('clears.writtenBack', {
            count,
            formatted: format.number(writtenBack),
            total: format.number(count),
          })}
        </p>
      )}
      {isFollowed && auditId !== undefined && (
        <LiveFollowUp target={target} auditEventId={auditId} onClose={onClose} />
      )}
      {!mappings && count > 0 && <p className="dim">{t('clears.backInCache')}</p>}
      <Group justify="space-between" mt="md">
        {auditId === undefined ? (
          <span />
        ) : (
          <Anchor
            component={Link}
            to={auditIds.length === 1 ? `/audit?event=${encodeURIComponent(auditId)}` : '/audit'}
            onClick={onClose}
            size="sm"
          >
            {auditIds.length === 1 ? t('clears.audit') : t('clears.auditMany')}
          </Anchor>
        )}
        <Group gap="xs">
          {failures.length > 0 && (
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
