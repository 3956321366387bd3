import { ActionIcon } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { CursorPages } from '../hooks/use-cursor-pages.js'
import { useFormat } from '../hooks/use-format.js'

interface CursorPagerProps {
  readonly pages: CursorPages
  readonly pageSize: number
  readonly shown: number
  readonly total: number
  readonly next: string | null
}

export function CursorPager({ pages, pageSize, shown, total, next }: CursorPagerProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const before = pages.index * pageSize
  return (
    <div className="pager">
      <span className="hint">
        {shown > 0 &&
          t('common.range', {
            from: format.number(before + 1),
            to: format.number(before + shown),
            total: format.number(total),
          })}
      </span>
      <ActionIcon
        variant="default"
        aria-label={t('common.previous')}
        disabled={pages.index === 0}
        onClick={pages.back}
      >
        <IconChevronLeft size={16} />
      </ActionIcon>
      <ActionIcon
        variant="default"
        aria-label={t('common.next')}
        disabled={next === null}
        onClick={() => next !== null && pages.forward(next)}
      >
        <IconChevronRight size={16} />
      </ActionIcon>
    </div>
  )
}
