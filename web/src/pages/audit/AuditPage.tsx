import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { AsOf } from '../../components/AsOf.js'
import { CursorPager } from '../../components/CursorPager.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { PageHead } from '../../components/Page.js'
import { AuditEventsDocument } from '../../generated/graphql.js'
import { useAddress } from '../../hooks/use-address.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { useCursorPages } from '../../hooks/use-cursor-pages.js'
import { AuditDetails } from './AuditDetails.js'
import { AuditTable } from './AuditTable.js'
import { AUDIT_ACTIONS, useActionName } from './actions.js'
import './audit.css'

const PAGE_SIZE = 50

export function AuditPage() {
  const { t } = useTranslation()
  const actionName = useActionName()
  const [params, change] = useAddress()
  const action = params.get('action')
  const open = params.get('event')
  const pages = useCursorPages(action ?? '')
  const answer = useAnswer(AuditEventsDocument, { first: PAGE_SIZE, after: pages.after, action })
  const { data, loading, error, ask } = answer
  const events = data?.auditEvents

  const set = (name: 'action' | 'event', value: string | null) => change({ [name]: value })
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
        <AsOf answer={answer} />
      </PageHead>
      {error !== undefined && events && <FailureNotice error={error} onRetry={ask} />}
      {!events ? (
        error !== undefined && <Failure error={error} onRetry={ask} />
      ) : (
        <div className={`panel audit ${loading ? 'busy' : ''}`} aria-busy={loading}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <section className="table-scroll" tabIndex={0} aria-label={t('audit.title')}>
            {events.nodes.length === 0 && pages.index > 0 ? (
              <Message title={t('common.beyond')} hint={t('common.beyondHint')} />
            ) : events.nodes.length === 0 ? (
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
      <AuditDetails id={open} onClose={() => set('event', null)} />
    </div>
  )
}
