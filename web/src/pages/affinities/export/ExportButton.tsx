import { Button } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureKind } from '../../../api/errors.js'
import { download } from '../../../components/csv.js'
import type { AffinityFilter } from '../../../generated/graphql.js'
import { useFormat } from '../../../hooks/use-format.js'
import type { ViewState } from '../address.js'
import { type ExportProgress, exportCsv } from './export-csv.js'

interface ExportButtonProps {
  readonly view: ViewState
  readonly filter: AffinityFilter | null
  readonly total: number
}

/** The button starts the export and shows its progress. A second click cancels it. */
export function ExportButton({ view, filter, total }: ExportButtonProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const [progress, setProgress] = useState<ExportProgress | null>(null)
  const [failure, setFailure] = useState<unknown>()
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])

  const run = async () => {
    const abort = new AbortController()
    running.current = abort
    setFailure(undefined)
    setProgress({ done: 0, total })
    try {
      const csv = await exportCsv(view, filter, abort.signal, setProgress)
      download(csv, 'affinities')
    } catch (error) {
      if (!abort.signal.aborted) setFailure(error)
    }
    setProgress(null)
  }

  return (
    <>
      <span role="status" className={failure === undefined ? 'warn' : 'bad'}>
        {failure !== undefined
          ? t('affinities.exportFailed', { reason: t(`errors.${failureKind(failure)}`) })
          : progress?.waitsFor !== undefined && t(`errors.${failureKind(progress.waitsFor)}`)}
      </span>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} />}
        title={t('affinities.exportTitle')}
        disabled={total === 0}
        onClick={() => (progress ? running.current?.abort() : void run())}
      >
        {progress
          ? `${t('common.cancel')} · ${t('affinities.exporting', { done: format.number(progress.done), total: format.number(progress.total) })}`
          : t('affinities.export')}
      </Button>
    </>
  )
}
