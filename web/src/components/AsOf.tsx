import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Answer } from '../hooks/use-answer.js'
import { useFormat } from '../hooks/use-format.js'

interface AsOfProps {
  readonly answer: Pick<Answer<unknown>, 'readAt' | 'loading' | 'ask'>
}

/** The line says how old the data is, with a button to refresh it. */
export function AsOf({ answer: { readAt, loading, ask } }: AsOfProps) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <span className="as-of">
      <span className="hint">{readAt > 0 && t('common.asOf', { time: format.time(readAt) })}</span>
      <Button size="compact-xs" variant="subtle" loading={loading && readAt > 0} onClick={ask}>
        {t('common.refresh')}
      </Button>
    </span>
  )
}
