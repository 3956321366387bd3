import { NativeSelect, Pagination } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../../hooks/use-format.js'
import { PAGE_SIZES } from './address.js'
import type { ViewControl } from './view-state.js'

interface PagerProps {
  readonly control: ViewControl
  readonly total: number
}

export function Pager({ control, total }: PagerProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const phone = useMediaQuery('(max-width: 48em)')
  const { page, size } = control.view
  const pages = Math.max(1, Math.ceil(total / size))
  // Beyond the last page there are no records to count, and no page is the current one.
  const exists = page <= pages
  return (
    <div className="pager affinity-pager">
      <span className="hint">
        {/* There is no range without records, or before the first answer. */}
        {total > 0 &&
          exists &&
          t('common.range', {
            from: format.number((page - 1) * size + 1),
            to: format.number(Math.min(page * size, total)),
            total: format.number(total),
          })}
      </span>
      {!phone && (
        <NativeSelect
          size="xs"
          aria-label={t('common.rowsPerPage')}
          title={t('common.rowsPerPage')}
          data={PAGE_SIZES.map(String)}
          value={String(size)}
          onChange={(event) => control.setSize(Number(event.currentTarget.value))}
        />
      )}
      <Pagination
        size="xs"
        total={pages}
        value={exists ? page : 0}
        siblings={phone ? 0 : 1}
        onChange={control.goTo}
        getItemProps={(number) => ({ 'aria-label': t('common.page', { page: format.number(number) }) })}
        getControlProps={(name) => ({
          'aria-label': name === 'next' ? t('common.next') : t('common.previous'),
        })}
      />
    </div>
  )
}
