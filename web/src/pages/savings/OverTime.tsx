import { useTranslation } from 'react-i18next'
import { CsvButton } from '../../components/CsvButton.js'
import { Panel } from '../../components/Panel.js'
import type { SavedOverTimeQuery } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import type { Bucket } from './address.js'
import { Columns } from './Columns.js'
import { sumsOf } from './groups.js'

interface OverTimeProps {
  readonly bucket: Bucket
  readonly groups: NonNullable<SavedOverTimeQuery['cacheUsage']>['groups']
}

/** So many times stand below the columns at most. */
const MARKS = 4

/** The chart shows what each hour or day saved. Days are those of UTC, and their times the reader's. */
export function OverTime({ bucket, groups }: OverTimeProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const title = t(`savings.overTime.${bucket}`)
  const columns = groups.map(({ start, figures }) => {
    const saved = figures.netSavedUsd === null ? t('common.noData') : format.money(figures.netSavedUsd)
    return {
      id: start ?? '',
      value: figures.netSavedUsd,
      words: t('common.pair', { name: format.shortTime(start ?? ''), value: saved }),
    }
  })
  const known = columns.filter(({ value }) => value !== null)
  const best = [...known].sort((a, b) => (b.value ?? 0) - (a.value ?? 0))[0]
  const step = Math.max(1, Math.ceil(groups.length / MARKS))
  return (
    <Panel title={title} hint={t('savings.overTimeHint')}>
      {best === undefined ? (
        <p className="dim">{t('common.noData')}</p>
      ) : (
        <Columns
          label={t('savings.overTimeWords', { title, count: known.length, best: best.words })}
          columns={columns}
          words={format.money}
          marks={groups.filter((_, at) => at % step === 0).map(({ start }) => format.shortTime(start ?? ''))}
        />
      )}
      <div className="table-foot">
        <CsvButton
          what={title}
          name={`saved-by-${bucket.toLowerCase()}`}
          rows={() => groups.map(({ start, figures }) => ({ start, ...sumsOf(figures) }))}
        />
      </div>
    </Panel>
  )
}
