import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

interface CopyableProps {
  readonly value: string
  /** The button's name uses this word for the value. */
  readonly what: string
}

/** The button copies the whole id, even if the screen shows only a part of it. */
export function Copyable({ value, what }: CopyableProps) {
  const { t } = useTranslation()
  const { copy, copied } = useClipboard({ timeout: 1_500 })
  const name = copied ? t('common.copied') : t('common.copy', { what })
  return (
    <span className="copyable">
      <span className="mono truncate" title={value}>
        {value}
      </span>
      <button type="button" className="copy" aria-label={name} title={name} onClick={() => copy(value)}>
        {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </button>
    </span>
  )
}
