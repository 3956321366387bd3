import { useTranslation } from 'react-i18next'
import { Name } from '../components/Name.js'
import { useFormat } from '../hooks/use-format.js'
import { shortId } from '../pages/affinities/names.js'
import type { ClearableRow } from './clear-store.js'

const NAMES = 5
const EXAMPLES = 5

interface SampleProps {
  /** Null if the records could not be read. */
  readonly rows: readonly ClearableRow[] | null
  readonly keys: readonly string[]
  readonly total: number
}

/** The sample shows whom a clear affects: a count alone does not reveal a wrong filter. */
export function Sample({ rows, keys, total }: SampleProps) {
  const { t } = useTranslation()
  const format = useFormat()
  if (rows === null) return <p className="warn">{t('clears.sampleMissing')}</p>
  if (rows.length === 0) return <KeySample keys={keys} />
  const partial = rows.length < total
  // If there is one, it stands above.
  const isOneProvider = new Set(rows.map(({ providerId }) => providerId)).size === 1
  return (
    <>
      <div className="clear-who">
        <Tally
          title={t('clears.whose')}
          names={rows.map(({ user, apiKey, affinityKey }) => user?.username ?? apiKey?.name ?? affinityKey)}
        />
        <Tally title={t('clears.where')} names={placesOf(rows)} />
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

/** Returns the providers, with the provider key's name if all records are pinned to one key. */
function placesOf(rows: readonly ClearableRow[]): string[] {
  const isOneKey = new Set(rows.map(({ providerKeyId }) => providerKeyId)).size === 1
  return rows.map(({ provider, providerId, providerKey, providerKeyId }) => {
    const place = provider?.displayName ?? providerId
    return isOneKey ? `${place} · ${providerKey?.name ?? providerKeyId}` : place
  })
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

function Tally({ title, names }: { readonly title: string; readonly names: readonly string[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const ranked = [...counts].sort((a, b) => b[1] - a[1])
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {ranked.slice(0, NAMES).map(([name, count]) => (
          <li key={name}>
            <span className="truncate">
              <Name of={name} />
            </span>{' '}
            <span className="dim">{format.number(count)}</span>
          </li>
        ))}
      </ul>
      {ranked.length > NAMES && (
        <span className="hint">{t('clears.andMore', { count: ranked.length - NAMES })}</span>
      )}
    </section>
  )
}
