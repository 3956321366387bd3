import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

interface CopyableProps {
  readonly value: string
  /** What it is, for the button's name. */
  readonly what: string
}

/** An id with the button that copies it whole, however it is cut off on the screen. */
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
