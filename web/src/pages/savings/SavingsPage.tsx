import { SegmentedControl } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { AsOf } from '../../components/AsOf.js'
import { PageHead, Scroll } from '../../components/Page.js'
import { SavedInTotalDocument, SavedOverTimeDocument } from '../../generated/graphql.js'
import { useFormat } from '../../hooks/use-format.js'
import { UnreadableAddress } from '../affinities/UnreadableAddress.js'
import { PERIOD_NAMES } from './address.js'
import { HitRates } from './HitRates.js'
import { SavedFigures } from './SavedFigures.js'
import { UsagePart } from './UsagePart.js'
import { type SavingsControl, useSavingsControl, useUsage } from './use-savings.js'
import './savings.css'

/** The page says what the providers' caches saved, what switches cost, and how long pins should last. */
export function SavingsPage() {
  const { t } = useTranslation()
  const control = useSavingsControl()
  if (control.unreadable.length === 0) return <Savings control={control} />
  return (
    <Scroll>
      <PageHead title={t('savings.title')} />
      <UnreadableAddress control={control} />
    </Scroll>
  )
}

/** A chart has room for the days of a month and the hours of a week. */
const bucketOf = (period: SavingsControl['view']['period']) => (period === '31d' ? 'DAY' : 'HOUR')

function Savings({ control }: { readonly control: SavingsControl }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { view, these, before, change, refresh } = control
  const usage = useUsage(SavedOverTimeDocument, { ...these, by: bucketOf(view.period) })
  const past = useUsage(SavedInTotalDocument, before)
  return (
    <Scroll>
      <PageHead title={t('savings.title')} intro={t('savings.intro')}>
        <SegmentedControl
          size="xs"
          aria-label={t('savings.period')}
          value={view.period}
          data={PERIOD_NAMES.map((value) => ({ value, label: t(`savings.periods.${value}`) }))}
          onChange={(period) => change({ period })}
        />
        <AsOf answer={{ ...usage, ask: refresh }} />
      </PageHead>
      <div className="grid savings">
        <UsagePart answer={usage} data={usage.data?.cacheUsage} field="cacheUsage">
          {({ total }) => (
            <>
              {total.unpricedRequests > 0 && (
                <p className="notice" role="note">
                  {t('savings.partial', {
                    count: total.unpricedRequests,
                    replace: { count: format.number(total.unpricedRequests) },
                  })}
                </p>
              )}
              <SavedFigures period={view.period} total={total} before={past.data?.cacheUsage?.total} />
            </>
          )}
        </UsagePart>
        <HitRates control={control} />
      </div>
    </Scroll>
  )
}
