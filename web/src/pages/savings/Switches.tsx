import { useTranslation } from 'react-i18next'
import { Message } from '../../components/Message.js'
import { Panel } from '../../components/Panel.js'
import { SortTable } from '../../components/SortTable.js'
import type { SwitchCause, SwitchesQuery, SwitchSumsFragment } from '../../generated/graphql.js'
import type { Answer } from '../../hooks/use-answer.js'
import { useFormat } from '../../hooks/use-format.js'
import type { Period } from './address.js'
import { GroupLink, type GroupRow, groupName, keyOfRow, nameColumn, rowsOf, useNumbers } from './groups.js'
import { UsagePart } from './UsagePart.js'

type Costs = NonNullable<SwitchesQuery['switchCosts']>

interface SwitchesProps {
  readonly period: Period
  readonly answer: Answer<SwitchesQuery>
}

/** The panel says what it cost that sessions were switched to other provider keys, and what staying is worth. */
export function Switches({ period, answer }: SwitchesProps) {
  const { t } = useTranslation()
  return (
    <Panel title={t('savings.switches.title')} hint={t('savings.switches.hint')}>
      <UsagePart answer={answer} data={answer.data?.switchCosts} field="switchCosts">
        {(costs) =>
          costs.total.pairs === 0 ? (
            <>
              <Unknown costs={costs} />
              <Message title={t('savings.switches.empty')} hint={t('savings.switches.emptyHint')} />
            </>
          ) : (
            <>
              <Lead period={period} costs={costs} />
              <Unknown costs={costs} />
              <Stayed total={costs.total} />
              <div className="switch-tables">
                <Causes causes={costs.total.byCause} />
                <KeysLeft costs={costs} />
              </div>
            </>
          )
        }
      </UsagePart>
    </Panel>
  )
}

/** One sentence for who reads no table: what was lost, and which key most of it left. */
function Lead({
  period,
  costs: { total, groups, sessionsKnown },
}: {
  readonly period: Period
  readonly costs: Costs
}) {
  const { t } = useTranslation()
  const format = useFormat()
  if (total.switches === 0) return <p className="lead">{t('savings.switches.none')}</p>
  const values = {
    cost: total.costUsd === null ? t('savings.switches.unknownCost') : format.money(total.costUsd),
    period: t(`savings.periods.${period}`),
  }
  const words = t(sessionsKnown ? 'savings.switches.lost' : 'savings.switches.lostAtMost', {
    ...values,
    count: total.switches,
    replace: { ...values, count: format.number(total.switches) },
  })
  const [dearest] = groups
  const share = total.costUsd && dearest?.figures.costUsd ? dearest.figures.costUsd / total.costUsd : 0
  return (
    <p className="lead">
      {words}{' '}
      {dearest && dearest.key !== null && share > 0 && (
        <>
          {t('savings.switches.most', { share: format.percent(share) })}{' '}
          <GroupLink by="provider-key" group={dearest} name={groupName(t, dearest)} />
          {t('savings.switches.stop')}
        </>
      )}
    </p>
  )
}

/** What the figures leave out, and where they are an upper bound. */
function Unknown({ costs: { sessionsKnown, total } }: { readonly costs: Costs }) {
  const { t } = useTranslation()
  const format = useFormat()
  const counted = (count: number) => ({ count, replace: { count: format.number(count) } })
  return (
    <>
      {!sessionsKnown && (
        <p className="notice" role="note">
          {t('savings.switches.upperBound')}
        </p>
      )}
      {total.unpricedSwitches > 0 && (
        <p className="notice" role="note">
          {t('savings.switches.unpriced', counted(total.unpricedSwitches))}
        </p>
      )}
      {total.unknownPairs > 0 && (
        <p className="hint">{t('savings.switches.unknownPairs', counted(total.unknownPairs))}</p>
      )}
      {total.unorderedPairs > 0 && (
        <p className="hint">{t('savings.switches.unorderedPairs', counted(total.unorderedPairs))}</p>
      )}
    </>
  )
}

/** Which share of its input a request read that stayed at its key, and one that was switched. */
function Stayed({ total }: { readonly total: SwitchSumsFragment }) {
  const { t } = useTranslation()
  const format = useFormat()
  const parts = [
    { id: 'stayed', share: total.hitRateSameKey, requests: total.pairs - total.switches },
    { id: 'switched', share: total.hitRateSwitched, requests: total.switches },
  ] as const
  return (
    <section>
      <h3>{t('savings.switches.comparison')}</h3>
      <ul className="bars stayed">
        {parts.map(({ id, share, requests }) => (
          <li key={id} className={id === 'switched' ? 'rest' : ''}>
            <span>
              {t(`savings.switches.${id}`)}{' '}
              <span className="dim">
                {t('savings.switches.requests', {
                  count: requests,
                  replace: { count: format.number(requests) },
                })}
              </span>
            </span>
            <span className="bar" aria-hidden="true">
              <span style={{ width: `${(share ?? 0) * 100}%` }} />
            </span>
            <span className="number">{share === null ? t('common.noData') : format.percent(share)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface CauseRow {
  readonly cause: SwitchCause
  readonly switches: number
  readonly costUsd: number | null
}

function Causes({ causes }: { readonly causes: readonly CauseRow[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const numbers = useNumbers<CauseRow>()
  const title = t('savings.switches.byCause')
  if (causes.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <SortTable
        label={title}
        rows={causes}
        keyOf={({ cause }) => cause}
        sortedBy={2}
        columns={[
          {
            name: t('savings.switches.cause'),
            value: ({ cause }) => t(`savings.switches.causes.${cause}`),
            cell: ({ cause }) => t(`savings.switches.causes.${cause}`),
          },
          numbers(t('savings.switches.switches'), ({ switches }) => switches, format.number),
          numbers(t('savings.switches.cost'), ({ costUsd }) => costUsd, format.money),
        ]}
        csv={{
          name: 'switches-by-cause',
          cells: ({ cause, switches, costUsd }) => ({ cause, switches, costUsd }),
        }}
      />
    </section>
  )
}

type KeyRow = GroupRow<SwitchSumsFragment>

function KeysLeft({ costs }: { readonly costs: Costs }) {
  const { t } = useTranslation()
  const format = useFormat()
  const numbers = useNumbers<KeyRow>()
  const title = t('savings.switches.byKey')
  return (
    <section>
      <h3>{title}</h3>
      <SortTable<KeyRow>
        label={title}
        {...rowsOf(t, costs)}
        keyOf={keyOfRow}
        sortedBy={4}
        columns={[
          nameColumn(t('savings.by.provider-key'), 'provider-key'),
          numbers(t('savings.switches.pairs'), ({ figures }) => figures.pairs, format.number),
          numbers(t('savings.switches.switches'), ({ figures }) => figures.switches, format.number),
          numbers(t('savings.switches.lostTokens'), ({ figures }) => figures.lostTokens, format.number),
          numbers(t('savings.switches.cost'), ({ figures }) => figures.costUsd, format.money),
        ]}
        csv={{
          name: 'switches-by-key-left',
          cells: ({ key, label, figures }) => ({
            key,
            label,
            pairs: figures.pairs,
            switches: figures.switches,
            lostTokens: figures.lostTokens,
            costUsd: figures.costUsd,
            unpricedSwitches: figures.unpricedSwitches,
            unknownPairs: figures.unknownPairs,
            unorderedPairs: figures.unorderedPairs,
            hitRateSameKey: figures.hitRateSameKey,
            hitRateSwitched: figures.hitRateSwitched,
          }),
        }}
      />
    </section>
  )
}
