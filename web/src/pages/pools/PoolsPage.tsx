import { Button } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { openClear, useClearedNotice } from '../../clears/clear-store.js'
import { AsOf } from '../../components/AsOf.js'
import { CursorPager } from '../../components/CursorPager.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { Name } from '../../components/Name.js'
import { PageHead, Scroll } from '../../components/Page.js'
import { Ttl } from '../../components/Time.js'
import { PoolSessionsPageDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { useCursorPages } from '../../hooks/use-cursor-pages.js'
import { useCanClear } from '../../session/use-session.js'

const PAGE_SIZE = 50

/** The page lists where pools send their sessions. It shows digests: the clients' tokens are secrets. */
export function PoolsPage() {
  const { t } = useTranslation()
  const canClear = useCanClear()
  const [params, setParams] = useSearchParams()
  const providerId = params.get('provider')
  const pages = useCursorPages(providerId ?? '')
  const filter = providerId === null ? null : { providerId }
  const answer = useAnswer(PoolSessionsPageDocument, { first: PAGE_SIZE, after: pages.after, filter })
  const { data, loading, error, ask } = answer
  useClearedNotice(ask)
  const sessions = data?.poolSessions
  const nameOf = (id: string) =>
    sessions?.nodes.find((node) => node.providerId === id)?.provider?.displayName ?? id

  return (
    <Scroll>
      <PageHead title={t('pools.title')} intro={t('pools.intro')}>
        {filter && (
          <Button size="xs" variant="default" onClick={() => setParams({})}>
            {t('pools.all')}
          </Button>
        )}
        {canClear && filter && (
          <Button
            size="xs"
            color="red"
            variant="light"
            onClick={() => openClear({ kind: 'poolSessions', filter, name: nameOf(filter.providerId) })}
          >
            {t('pools.clearProvider')}
          </Button>
        )}
        <AsOf answer={answer} />
      </PageHead>
      {error !== undefined && sessions && <FailureNotice error={error} onRetry={ask} />}
      {!sessions ? (
        error !== undefined && <Failure error={error} onRetry={ask} />
      ) : (
        <div className={`panel ${loading ? 'busy' : ''}`} aria-busy={loading}>
          {sessions.nodes.length === 0 ? (
            <Message
              title={t(pages.index > 0 ? 'common.beyond' : 'pools.empty')}
              hint={t(pages.index > 0 ? 'common.beyondHint' : 'pools.emptyHint')}
            />
          ) : (
            <table className="table stack" aria-label={t('pools.title')}>
              <thead>
                <tr>
                  <th scope="col">{t('pools.provider')}</th>
                  <th scope="col">{t('pools.providerKey')}</th>
                  <th scope="col">{t('pools.session')}</th>
                  <th scope="col" className="number">
                    {t('pools.ttl')}
                  </th>
                  {canClear && (
                    <th scope="col" className="number">
                      {t('common.actions')}
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {sessions.nodes.map((node) => (
                  <tr key={node.id}>
                    <td data-label={t('pools.provider')}>
                      <Button
                        size="compact-xs"
                        variant="subtle"
                        onClick={() => setParams({ provider: node.providerId })}
                      >
                        <Name of={node.provider?.displayName ?? node.providerId} />
                      </Button>
                    </td>
                    <td data-label={t('pools.providerKey')}>
                      <Name of={node.providerKey?.name ?? node.providerKeyId} />
                    </td>
                    <td data-label={t('pools.session')} className="mono">
                      {node.sessionDigest}
                    </td>
                    <td data-label={t('pools.ttl')} className="number">
                      {node.ttlSeconds === null ? (
                        t('common.never')
                      ) : (
                        <Ttl seconds={node.ttlSeconds} readAt={answer.readAt} />
                      )}
                    </td>
                    {canClear && (
                      <td data-label={t('common.actions')} className="number">
                        <button
                          type="button"
                          className="copy"
                          aria-label={t('pools.clearOne', { name: node.sessionDigest })}
                          title={t('pools.clearOne', { name: node.sessionDigest })}
                          onClick={() =>
                            openClear({
                              kind: 'poolSessions',
                              filter: { ids: [node.id] },
                              name: node.sessionDigest,
                            })
                          }
                        >
                          <IconTrash size={15} stroke={1.6} />
                        </button>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <CursorPager
            pages={pages}
            pageSize={PAGE_SIZE}
            shown={sessions.nodes.length}
            total={sessions.totalCount}
            next={sessions.pageInfo.hasNextPage ? sessions.pageInfo.endCursor : null}
          />
        </div>
      )}
    </Scroll>
  )
}
