import { useTranslation } from 'react-i18next'
import { Message } from '../../components/Message.js'
import { SavedInTotalDocument, SwitchesInTotalDocument } from '../../generated/graphql.js'
import type { Period, Times } from './address.js'
import { Partial } from './Partial.js'
import { SavedFigures } from './SavedFigures.js'
import { UsagePart } from './UsagePart.js'
import { useUsage } from './use-savings.js'
import './savings.css'

interface BriefProps {
  /** Whose requests they are. */
  readonly filter: { readonly userId: string } | { readonly providerId: string }
  readonly period: Period
  readonly these: Times
  readonly before: Times
}

/** The four figures of one user or provider. What a provider lost are the switches that left it. */
export function Brief({ filter, period, these, before }: BriefProps) {
  const { t } = useTranslation()
  const usage = useUsage(SavedInTotalDocument, { ...these, filter })
  const total = usage.data?.cacheUsage?.total
  // If there are no requests, nothing else is asked.
  const later = total === undefined || total.requests === 0
  const switches = useUsage(SwitchesInTotalDocument, { ...these, filter }, later)
  const past = useUsage(SavedInTotalDocument, { ...before, filter }, later)
  const switchesPast = useUsage(SwitchesInTotalDocument, { ...before, filter }, later)
  return (
    <UsagePart answer={usage} data={usage.data?.cacheUsage} field="cacheUsage">
      {({ total }) =>
        total.requests === 0 ? (
          <Message title={t('savings.empty')} hint={t('savings.emptyHint')} />
        ) : (
          <>
            <Partial unpriced={total.unpricedRequests} />
            <SavedFigures
              isWithin
              period={period}
              total={total}
              before={past.data?.cacheUsage?.total}
              switches={switches.data?.switchCosts}
              switchesBefore={switchesPast.data?.switchCosts?.total}
              switchesFailed={switches.error !== undefined}
            />
          </>
        )
      }
    </UsagePart>
  )
}
