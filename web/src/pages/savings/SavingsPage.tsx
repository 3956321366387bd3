import { SegmentedControl } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { AsOf } from '../../components/AsOf.js'
import { Message } from '../../components/Message.js'
import { PageHead, Scroll } from '../../components/Page.js'
import {
  SavedInTotalDocument,
  SavedOverTimeDocument,
  SwitchesDocument,
  SwitchesInTotalDocument,
} from '../../generated/graphql.js'
import { UnreadableAddress } from '../affinities/UnreadableAddress.js'
import { Advice } from './Advice.js'
import { bucketOf, MOST_GROUPS, PERIOD_NAMES } from './address.js'
import { HitRates } from './HitRates.js'
import { Intervals } from './Intervals.js'
import { OverTime } from './OverTime.js'
import { Partial } from './Partial.js'
import { SavedFigures } from './SavedFigures.js'
import { Switches } from './Switches.js'
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

function Savings({ control }: { readonly control: SavingsControl }) {
  const { t } = useTranslation()
  const { view, these, before, change, refresh } = control
  const bucket = bucketOf(view.period)
  const usage = useUsage(SavedOverTimeDocument, { ...these, by: bucket })
  // What the page is about comes first: the server answers few such questions at once.
  const later = usage.data?.cacheUsage == null
  const past = useUsage(SavedInTotalDocument, before, later)
  const switches = useUsage(SwitchesDocument, { ...these, first: MOST_GROUPS }, later)
  const switchesPast = useUsage(SwitchesInTotalDocument, before, later)
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
          {({ total, groups }) => (
            <>
              <Partial unpriced={total.unpricedRequests} />
              <SavedFigures
                period={view.period}
                total={total}
                before={past.data?.cacheUsage?.total}
                switches={switches.data?.switchCosts}
                switchesBefore={switchesPast.data?.switchCosts?.total}
                switchesFailed={switches.error !== undefined}
              />
              {total.requests === 0 ? (
                <div className="panel">
                  <Message title={t('savings.empty')} hint={t('savings.emptyHint')} />
                </div>
              ) : (
                <>
                  <OverTime bucket={bucket} groups={groups} />
                  <HitRates control={control} />
                  <Switches period={view.period} answer={switches} />
                  <Advice control={control} />
                  <Intervals control={control} />
                </>
              )}
            </>
          )}
        </UsagePart>
      </div>
    </Scroll>
  )
}
