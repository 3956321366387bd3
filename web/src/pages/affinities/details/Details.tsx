import { Drawer } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { AsOf } from '../../../components/AsOf.js'
import { Failure, FailureNotice } from '../../../components/Failure.js'
import { Name } from '../../../components/Name.js'
import { useTopmost } from '../../../dialogs/open-dialogs.js'
import { ownerOf } from '../names.js'
import type { AffinityPage } from '../use-page.js'
import type { ViewControl } from '../view-state.js'
import { DetailActions } from './DetailActions.js'
import { DetailFacts } from './DetailFacts.js'
import { useRecord } from './use-record.js'

interface DetailsProps {
  readonly control: ViewControl
  readonly page: AffinityPage
  /** True once the page has been read, or could not be; before that, its records are unknown. */
  readonly settled: boolean
  readonly canClear: boolean
}

/** The drawer shows all facts of one record and keeps them up to date. */
export function Details({ control, page, settled, canClear }: DetailsProps) {
  const { t } = useTranslation()
  const { open } = control.view
  const { row, loading, error, readAt, ask } = useRecord(page, open, settled)
  const isTopmost = useTopmost(open !== null)
  return (
    <Drawer
      opened={open !== null}
      closeOnEscape={isTopmost}
      onClose={() => control.openRecord(null)}
      position="right"
      size="30rem"
      title={
        <>
          {t('details.title')}
          {row && ' · '}
          {row && <Name of={ownerOf(row.record)} />}
        </>
      }
      closeButtonProps={{ 'aria-label': t('common.close') }}
      overlayProps={{ backgroundOpacity: 0.25 }}
    >
      {row ? (
        <>
          {readAt !== null && (
            <p className="hint">
              {t('details.elsewhere')} <AsOf answer={{ readAt, loading: false, ask }} />
            </p>
          )}
          {error !== undefined && <FailureNotice nameless error={error} onRetry={ask} />}
          <DetailFacts row={row} />
          <DetailActions record={row.record} gone={row.gone !== null} control={control} canClear={canClear} />
        </>
      ) : error !== undefined ? (
        <Failure error={error} onRetry={ask} />
      ) : (
        <p className="dim">{t(loading ? 'app.loading' : 'details.notHere')}</p>
      )}
    </Drawer>
  )
}
