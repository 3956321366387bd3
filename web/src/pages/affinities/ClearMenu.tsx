import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { openClear } from '../../clears/clear-store.js'
import type { AffinityFilter } from '../../generated/graphql.js'
import { type Matched, selectionFilter } from './selection-filter.js'
import type { AffinityPage } from './use-page.js'
import type { Selection } from './use-selection.js'

interface ClearMenuProps {
  readonly page: AffinityPage
  readonly filter: AffinityFilter | null
  readonly search: string
  readonly matched: Matched | null
  readonly selection: Selection
}

export function ClearMenu({ page, filter, search, matched, selection }: ClearMenuProps) {
  const { t } = useTranslation()
  // A clear without a filter would clear everything; that has its own entry and its own words to type.
  const matching = selectionFilter(search, filter, matched) ?? null
  const rows = page.records().filter(({ id }) => selection.ids.has(id))
  const reason = search !== '' ? t('clears.matchingNeedsIds') : t('clears.matchingNeedsFilter')
  return (
    <Menu position="bottom-end" width={280} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button size="xs" variant="default" rightSection={<IconChevronDown size={14} />}>
          {t('clears.menu')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={rows.length === 0} onClick={() => openClear({ kind: 'selected', rows })}>
          {t('clears.selected')} {rows.length > 0 && `(${rows.length})`}
        </Menu.Item>
        <Menu.Item
          disabled={matching === null}
          onClick={() => matching && openClear({ kind: 'filtered', filter: matching })}
        >
          {t('clears.matching')}
          {matching === null && <div className="hint">{reason}</div>}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item className="bad" onClick={() => openClear({ kind: 'all' })}>
          {t('clears.everything')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
