import { Button } from '@mantine/core'
import { Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { part } from '../../app/part.js'
import { useClearedNotice } from '../../clears/clear-store.js'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { Message } from '../../components/Message.js'
import { PageHead } from '../../components/Page.js'
import { SearchField } from '../../components/SearchField.js'
import { PinsIgnored } from '../../gateway/PinsIgnored.js'
import { useFormat } from '../../hooks/use-format.js'
import { useCanClear } from '../../session/use-session.js'
import { ClearMenu } from './ClearMenu.js'
import { ExportButton } from './export/ExportButton.js'
import { FilterBar } from './filter/FilterBar.js'
import { LiveBar } from './LiveBar.js'
import { Pager } from './Pager.js'
import { AffinityTable } from './table/AffinityTable.js'
import { UnreadableAddress } from './UnreadableAddress.js'
import { usePage, useRowIds, useSummary } from './use-page.js'
import { useSelection } from './use-selection.js'
import { useViewState, type ViewControl } from './view-state.js'

const Details = part(async () => (await import('./details/Details.js')).Details)

export function AffinitiesPage() {
  const { t } = useTranslation()
  const control = useViewState()
  if (control.unreadable.length === 0) return <ReadPage control={control} />
  return (
    <div className="content fixed">
      <PageHead title={t('affinities.title')} />
      <UnreadableAddress control={control} />
    </div>
  )
}

function ReadPage({ control }: { readonly control: ViewControl }) {
  const { t } = useTranslation()
  const { view, filter } = control
  const load = usePage(view, filter)
  const canClear = useCanClear()
  const ids = useRowIds(load.page)
  const { total } = useSummary(load.page)
  const selection = useSelection(useMemo(() => ids.join(), [ids]))
  useClearedNotice(load.reload)

  // The drawer stays mounted after it was opened, so that it can slide out.
  const [everOpened, setEverOpened] = useState(false)
  if (view.open !== null && !everOpened) setEverOpened(true)

  const narrowed = filter !== null || view.search !== ''
  return (
    <div className="content fixed">
      <PageHead title={t('affinities.title')}>
        <SearchField
          value={view.search}
          placeholder={t('affinities.searchPlaceholder')}
          onSearch={control.search}
          width="min(22rem, 100%)"
        />
        <div className="page-actions">
          <ExportButton view={view} filter={filter} total={total} />
          {canClear && (
            <ClearMenu
              page={load.page}
              filter={filter}
              search={view.search}
              matched={load.matched}
              selection={selection}
            />
          )}
        </div>
      </PageHead>
      <PinsIgnored />
      <FilterBar control={control} matched={load.matched} />
      <LiveBar load={load} selection={selection} />
      {load.loaded && load.error !== undefined && (
        <FailureNotice nameless error={load.error} onRetry={load.reload} />
      )}
      {!load.loaded && load.error !== undefined ? (
        <div className="rows">
          <Failure error={load.error} onRetry={load.reload} />
        </div>
      ) : load.loaded && ids.length === 0 ? (
        <div className="rows">
          <Empty narrowed={narrowed} control={control} total={total} />
        </div>
      ) : (
        <AffinityTable load={load} control={control} selection={selection} canClear={canClear} />
      )}
      <Pager control={control} total={total} />
      <Suspense>
        {everOpened && (
          <Details
            control={control}
            page={load.page}
            settled={load.loaded || load.error !== undefined}
            canClear={canClear}
          />
        )}
      </Suspense>
    </div>
  )
}

interface EmptyProps {
  readonly narrowed: boolean
  readonly control: ViewControl
  readonly total: number
}

function Empty({ narrowed, control, total }: EmptyProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { page, size } = control.view
  if (total > 0) {
    const count = Math.ceil(total / size)
    const title = t('affinities.beyond', {
      count,
      formatted: format.number(count),
      page: format.number(page),
    })
    return (
      <Message title={title} hint="">
        <Button size="xs" variant="default" onClick={() => control.goTo(count)}>
          {t('affinities.toLast')}
        </Button>
      </Message>
    )
  }
  return narrowed ? (
    <Message title={t('affinities.empty')} hint={t('affinities.emptyHint')} />
  ) : (
    <Message title={t('affinities.emptyAll')} hint={t('affinities.emptyAllHint')} />
  )
}
