import { Drawer, Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Copyable } from '../../components/Copyable.js'
import { Failure } from '../../components/Failure.js'
import { Name } from '../../components/Name.js'
import { shownJson } from '../../components/shown-text.js'
import { Time } from '../../components/Time.js'
import { useTopmost } from '../../dialogs/open-dialogs.js'
import { AuditEventDocument, type AuditRowFragment } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { AuditFollowUp } from './AuditFollowUp.js'
import { AuditResult } from './AuditTable.js'
import { clearsAffinities, useActionName } from './actions.js'
import { readMetadata } from './metadata.js'

interface AuditDetailsProps {
  readonly id: string | null
  readonly onClose: () => void
}

/** The drawer shows one event. The cache has it if a page listed it; otherwise the server is asked by id. */
export function AuditDetails({ id, onClose }: AuditDetailsProps) {
  const { t } = useTranslation()
  const actionName = useActionName()
  const { data, error, loading, ask } = useAnswer(
    AuditEventDocument,
    { id: id ?? '' },
    { fetchPolicy: 'cache-first', skip: id === null },
  )
  // The answer holds the event before until this one is loaded.
  const event = data?.auditEvent?.id === id ? data?.auditEvent : undefined
  const isTopmost = useTopmost(id !== null)
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      closeOnEscape={isTopmost}
      position="right"
      size="30rem"
      title={event ? actionName(event.action) : t('audit.event')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      overlayProps={{ backgroundOpacity: 0.25 }}
    >
      {event ? (
        <AuditFacts event={event} />
      ) : loading ? (
        <Loader size="sm" />
      ) : error !== undefined ? (
        <Failure error={error} onRetry={ask} />
      ) : (
        id !== null && <p className="dim">{t('audit.notFound')}</p>
      )}
    </Drawer>
  )
}

function AuditFacts({ event: shown }: { readonly event: AuditRowFragment }) {
  const { t } = useTranslation()
  const hasFollowUp = shown.success && clearsAffinities(shown.action) && !readMetadata(shown.metadata).dryRun
  return (
    <>
      <dl className="facts">
        <dt>{t('audit.when')}</dt>
        <dd>
          <Time at={shown.createdAt} />
        </dd>
        <dt>{t('audit.action')}</dt>
        <dd className="mono">{shown.action}</dd>
        <dt>{t('audit.result')}</dt>
        <dd>
          <AuditResult event={shown} />
        </dd>
        {shown.errorMessage !== null && (
          <>
            <dt>{t('audit.error')}</dt>
            <dd className="bad">
              <Name of={shown.errorMessage} />
            </dd>
          </>
        )}
        {shown.writtenBack !== null && (
          <>
            <dt>{t('audit.writtenBack')}</dt>
            <dd className={shown.writtenBack > 0 ? 'warn' : undefined}>{shown.writtenBack}</dd>
          </>
        )}
        <dt>{t('audit.who')}</dt>
        <dd>
          <Name of={shown.actor?.username ?? (shown.actorName || '—')} />
          {shown.actor?.email && (
            <>
              {' · '}
              <Name of={shown.actor.email} />
            </>
          )}
        </dd>
        <dt>{t('audit.from')}</dt>
        <dd className="mono">{shown.ipAddress ?? t('common.unknown')}</dd>
        <dt>{t('audit.request')}</dt>
        <dd>
          {shown.requestId === null ? (
            t('common.unknown')
          ) : (
            <Copyable value={shown.requestId} what={t('audit.request')} />
          )}
        </dd>
        <dt>{t('common.id')}</dt>
        <dd>
          <Copyable value={shown.id} what={t('common.id')} />
        </dd>
      </dl>
      {hasFollowUp && <AuditFollowUp id={shown.id} />}
      <p className="dim metadata-title">{t('audit.metadata')}</p>
      <pre className="metadata mono">{shownJson(shown.metadata)}</pre>
    </>
  )
}
