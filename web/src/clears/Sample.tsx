import { useTranslation } from 'react-i18next'
import { Name } from '../components/Name.js'
import { useFormat } from '../hooks/use-format.js'
import { shortId } from '../pages/affinities/names.js'
import { commonest, placesOf, type Tally, usersOf } from './affected.js'
import type { ClearableRow } from './clear-store.js'
import type { ClearGroups } from './use-clear.js'

const EXAMPLES = 5

interface SampleProps {
  /** Null if the records could not be read. */
  readonly rows: readonly ClearableRow[] | null
  /** The groups of all that would be cleared; null where only the rows tell. */
  readonly groups: ClearGroups | null
  readonly keys: readonly string[]
  readonly total: number
}

/** The sample shows whom a clear affects: a count alone does not reveal a wrong filter. */
export function Sample({ rows, groups, keys, total }: SampleProps) {
  const { t } = useTranslation()
  const format = useFormat()
  if (rows === null) return <p className="warn">{t('clears.sampleMissing')}</p>
  if (rows.length === 0) return <KeySample keys={keys} />
  const partial = rows.length < total && groups === null
  // If there is one, it stands above.
  const isOneProvider = new Set(rows.map(({ providerId }) => providerId)).size === 1
  return (
    <>
      <div className="clear-who">
        <Names title={t('clears.whose')} tally={groups ? tallyOf(groups.users) : commonest(usersOf(rows))} />
        <Names
          title={t('clears.where')}
          tally={groups ? tallyOf(groups.providers) : commonest(placesOf(rows))}
        />
      </div>
      {partial && <p className="hint">{t('clears.basedOn', { count: rows.length })}</p>}
      <h3>{t('clears.sample')}</h3>
      <ul className="clear-sample">
        {rows.slice(0, EXAMPLES).map((row) => (
          <li key={row.id}>
            <Name of={row.user?.username ?? row.affinityKey} />
            {row.apiKey?.name && (
              <span className="dim">
                <Name of={row.apiKey.name} />
              </span>
            )}
            <Name of={row.modelName ?? row.modelId} />
            <span className="tag">
              <Name of={row.apiFormat} />
            </span>
            <span className="dim">
              {!isOneProvider && (
                <>
                  <Name of={row.provider?.displayName ?? row.providerId} />
                  {' · '}
                </>
              )}
              <Name of={row.providerKey?.name ?? shortId(row.providerKeyId)} />
            </span>
            {row.staleReasons !== null && row.staleReasons.length > 0 && (
              <span className="warn">
                {format.list(row.staleReasons.map((reason) => t(`staleReasons.${reason}`)))}
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

function KeySample({ keys }: Pick<SampleProps, 'keys'>) {
  const { t } = useTranslation()
  if (keys.length === 0) return null
  return (
    <>
      <h3>{t('clears.sampleKeys')}</h3>
      <ul className="clear-sample mono">
        {keys.slice(0, EXAMPLES).map((key) => (
          <li key={key}>
            <Name of={key} />
          </li>
        ))}
      </ul>
      {keys.length > EXAMPLES && (
        <p className="hint">{t('clears.andMore', { count: keys.length - EXAMPLES })}</p>
      )}
    </>
  )
}

const tallyOf = ({ groups, groupCount }: ClearGroups['users']): Tally => ({
  largest: groups.map(({ key, label, count }) => ({ key, name: label, count })),
  more: groupCount - groups.length,
})

function Names({ title, tally: { largest, more } }: { readonly title: string; readonly tally: Tally }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {largest.map(({ key, name, count }) => (
          <li key={key}>
            <span className="truncate">
              <Name of={name} />
            </span>{' '}
            <span className="dim">{format.number(count)}</span>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <span className="hint">
          {t('clears.andMore', { count: more, replace: { count: format.number(more) } })}
        </span>
      )}
    </section>
  )
}
