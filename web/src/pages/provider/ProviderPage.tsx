import { Button } from '@mantine/core'
import { Suspense, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { Loading } from '../../app/Loading.js'
import { idle, part } from '../../app/part.js'
import { openClear, useClearedNotice } from '../../clears/clear-store.js'
import { AsOf } from '../../components/AsOf.js'
import { PageHead, Scroll } from '../../components/Page.js'
import { Panel } from '../../components/Panel.js'
import { PinsIgnored } from '../../gateway/PinsIgnored.js'
import { useCanClear } from '../../session/use-session.js'
import { nameOf, rememberName } from '../affinities/names.js'
import { timesOf } from '../savings/address.js'
import { ProviderChanges } from './ProviderChanges.js'
import { ProviderPins } from './ProviderPins.js'
import { ProviderState } from './ProviderState.js'
import { stateOf, useProvider } from './use-provider.js'
import '../overview/overview.css'
import './provider.css'

/** The charts load last, as on the overview. */
const History = part(async () => {
  await idle()
  return (await import('../overview/History.js')).History
})

const Brief = part(async () => {
  await idle()
  return (await import('../savings/Brief.js')).Brief
})

/** What the provider's cache saved is told of so long. */
const SAVED_IN = '24h'

export function ProviderPage() {
  const { id = '' } = useParams()
  // Nothing of one provider is shown, or cleared, under the name of another.
  return <OneProvider key={id} id={id} />
}

/** The page says who is on a provider, what its cache saved, what happened there within an hour, and leads to the clear of its pins. */
function OneProvider({ id }: { readonly id: string }) {
  const { t } = useTranslation()
  const answers = useProvider(id)
  const canClear = useCanClear()
  const [now, setNow] = useState(Date.now)
  const times = useMemo(() => timesOf(SAVED_IN, now), [now])
  const ask = () => {
    answers.ask()
    setNow(Date.now())
  }
  useClearedNotice(answers.ask)
  const known = stateOf(answers, id)
  const name = known?.provider?.displayName
  useEffect(() => {
    if (name !== undefined) rememberName('providerId', id, name)
  }, [id, name])
  const shownName = name ?? nameOf('providerId', id)
  return (
    <Scroll>
      <PageHead title={t('common.pair', { name: t('affinities.filters.providerId'), value: shownName })}>
        <AsOf answer={{ ...answers.pins, ask }} />
        {canClear && (
          <Button
            size="xs"
            color="red"
            variant="light"
            onClick={() => openClear({ kind: 'provider', providerId: id, name: shownName })}
          >
            {t('clears.menu')}
          </Button>
        )}
      </PageHead>
      <div className="grid provider">
        <PinsIgnored />
        <ProviderState id={id} answers={answers} />
        <ProviderPins id={id} answers={answers} />
        <Panel
          className="brief"
          title={t('provider.saved', { period: t(`savings.periods.${SAVED_IN}`) })}
          hint={<Link to="/savings?by=provider">{t('provider.allSavings')}</Link>}
        >
          <Suspense fallback={<Loading />}>
            <Brief filter={{ providerId: id }} period={SAVED_IN} {...times} />
          </Suspense>
        </Panel>
        <Panel title={t('provider.lastHour')} hint={t('overview.historyHint')}>
          <div className="charts history">
            <Suspense fallback={<Loading />}>
              <History period="1h" total={answers.pins.data?.byKey.total ?? null} providerId={id} />
            </Suspense>
          </div>
          <ProviderChanges id={id} answer={answers.changes} />
        </Panel>
      </div>
    </Scroll>
  )
}
