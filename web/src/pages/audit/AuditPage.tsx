import { useQuery } from '@apollo/client/react'
import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { useClearedNotice } from '../../clears/clear-store.js'
import { CursorPager } from '../../components/CursorPager.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { PageHead } from '../../components/PageHead.js'
import { AuditEventsDocument } from '../../generated/graphql.js'
import { useCursorPages } from '../../hooks/use-cursor-pages.js'
import { useRecovery } from '../../hooks/use-recovery.js'
import { AuditDetails } from './AuditDetails.js'
import { AuditTable } from './AuditTable.js'
import { AUDIT_ACTIONS, useActionName } from './actions.js'
import './audit.css'

const PAGE_SIZE = 50

export function AuditPage() {
  const { t } = useTranslation()
  const actionName = useActionName()
  const [params, setParams] = useSearchParams()
  const action = params.get('action')
  const open = params.get('event')
  const pages = useCursorPages(action ?? '')
  const { data, previousData, loading, error, refetch } = useQuery(AuditEventsDocument, {
    variables: { first: PAGE_SIZE, after: pages.after, action },
    fetchPolicy: 'no-cache',
  })
  useRecovery(refetch)
  useClearedNotice(refetch)
  const events = (data ?? previousData)?.auditEvents

  const set = (name: 'action' | 'event', value: string | null) =>
    setParams((before) => {
      const next = new URLSearchParams(before)
      if (value === null || value === '') next.delete(name)
      else next.set(name, value)
      return next
    })
  return (
    <div className="content fixed">
      <PageHead title={t('audit.title')}>
        <NativeSelect
          size="xs"
          aria-label={t('audit.action')}
          value={action ?? ''}
          data={[
            { value: '', label: t('audit.allActions') },
            ...AUDIT_ACTIONS.map((name) => ({ value: name, label: actionName(name) })),
          ]}
          onChange={(event) => set('action', event.currentTarget.value)}
        />
      </PageHead>
      {error && events && <FailureNotice error={error} onRetry={refetch} />}
      {!events ? (
        error && <Failure error={error} onRetry={refetch} />
      ) : (
        <div className={`panel audit ${loading ? 'busy' : ''}`} aria-busy={loading}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <section className="table-scroll" tabIndex={0} aria-label={t('audit.title')}>
            {events.nodes.length === 0 ? (
              <Message title={t(action ? 'audit.emptyAction' : 'audit.empty')} hint={t('audit.emptyHint')} />
            ) : (
              <AuditTable events={events.nodes} onOpen={(id) => set('event', id)} />
            )}
          </section>
          <CursorPager
            pages={pages}
            pageSize={PAGE_SIZE}
            shown={events.nodes.length}
            total={events.totalCount}
            next={events.pageInfo.hasNextPage ? events.pageInfo.endCursor : null}
          />
        </div>
      )}
      <AuditDetails id={open} known={events?.nodes ?? []} onClose={() => set('event', null)} />
    </div>
  )
}
