import { Button } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { type CsvCells, downloadTable } from './csv.js'

interface CsvButtonProps {
  /** What is saved, in words. */
  readonly what: string
  /** The file's name, without time and ending. */
  readonly name: string
  /** The columns have the API's names in every language, because scripts read them. */
  readonly rows: () => readonly CsvCells[]
}

/** Saves rows that are there already. */
export function CsvButton({ what, name, rows }: CsvButtonProps) {
  const { t } = useTranslation()
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<IconDownload size={13} />}
      aria-label={t('common.saveCsv', { what })}
      onClick={() => void downloadTable(name, rows())}
    >
      {t('affinities.export')}
    </Button>
  )
}
