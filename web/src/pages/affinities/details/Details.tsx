import { Drawer } from '@mantine/core'
import { useCallback, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { Name } from '../../../components/Name.js'
import { useTopmost } from '../../../dialogs/open-dialogs.js'
import { ownerOf } from '../names.js'
import type { AffinityPage } from '../use-page.js'
import type { ViewControl } from '../view-state.js'
import { DetailActions } from './DetailActions.js'
import { DetailFacts } from './DetailFacts.js'

interface DetailsProps {
  readonly control: ViewControl
  readonly page: AffinityPage
  /** True once the page has been read; before that, its records are unknown. */
  readonly loaded: boolean
  readonly canClear: boolean
}

/** The drawer shows all facts of one record and keeps them up to date. */
export function Details({ control, page, loaded, canClear }: DetailsProps) {
  const { t } = useTranslation()
  const { open } = control.view
  const subscribe = useCallback(
    (listener: () => void) => {
      const stopPage = page.subscribe(listener)
      const stopRow = page.subscribeRow(open ?? '', listener)
      return () => {
        stopPage()
        stopRow()
      }
    },
    [page, open],
  )
  const row = useSyncExternalStore(subscribe, () => page.row(open ?? ''))
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
          <DetailFacts row={row} />
          <DetailActions record={row.record} gone={row.gone !== null} control={control} canClear={canClear} />
        </>
      ) : (
        <p className="dim">{t(loaded ? 'details.notHere' : 'app.loading')}</p>
      )}
    </Drawer>
  )
}
