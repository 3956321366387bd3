import { IconTrash } from '@tabler/icons-react'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { openClear } from '../../../clears/clear-store.js'
import { Name } from '../../../components/Name.js'
import { shownText } from '../../../components/shown-text.js'
import { Ago, Countdown } from '../../../components/Time.js'
import { useFormat } from '../../../hooks/use-format.js'
import { ownerOf, shortId } from '../names.js'
import type { AffinityPage } from '../use-page.js'
import { useRow } from '../use-page.js'
import { RowState } from './RowState.js'

interface AffinityRowProps {
  readonly page: AffinityPage
  readonly id: string
  /** 0 for the first row of the page. */
  readonly index: number
  readonly selected: boolean
  readonly active: boolean
  readonly canClear: boolean
  readonly onToggle: (id: string) => void
  readonly onOpen: (id: string) => void
}

/** The row uses plain elements, because a page has up to a thousand rows and many change at once. */
export const AffinityRow = memo(function AffinityRow(props: AffinityRowProps) {
  const { page, id, index, selected, active, canClear, onToggle, onOpen } = props
  const { t } = useTranslation()
  const format = useFormat()
  const row = useRow(page, id)
  if (!row) return null
  const { record, until, gone, switched } = row
  const name = ownerOf(record)
  // A switched record has only ids until its names are read.
  const provider = switched ? undefined : record.provider?.displayName
  const providerKey = switched ? undefined : record.providerKey?.name
  return (
    <tr
      className={`row ${gone ? 'gone' : ''} ${selected ? 'selected' : ''}`}
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-row={index}
      data-id={id}
      tabIndex={active ? 0 : -1}
      onClick={({ target }) =>
        target instanceof Element && target.closest('.c-select, .c-menu') ? null : onOpen(id)
      }
    >
      {canClear && (
        <td className="c-select">
          <input
            type="checkbox"
            checked={selected}
            disabled={gone !== null}
            aria-label={t('affinities.selectRow', { name })}
            onChange={() => onToggle(id)}
          />
        </td>
      )}
      <td className="c-user truncate" title={record.user ? shownText(record.user.username) : undefined}>
        <button type="button" className="row-open" aria-label={t('affinities.openDetails', { name })}>
          {record.user ? (
            <Name of={record.user.username} />
          ) : (
            <span className="dim">{t('common.unknown')}</span>
          )}
        </button>
      </td>
      <td
        className="c-key truncate"
        title={record.apiKey?.name == null ? undefined : shownText(record.apiKey.name)}
      >
        {record.apiKey?.name == null ? <Id id={record.affinityKey} /> : <Name of={record.apiKey.name} />}
      </td>
      <td className="c-format truncate" title={shownText(record.apiFormat)}>
        <span className="tag">
          <Name of={record.apiFormat} />
        </span>
      </td>
      <td className="c-model truncate" title={shownText(record.modelName ?? record.modelId)}>
        {record.modelName === null ? <Id id={record.modelId} /> : <Name of={record.modelName} />}
        {record.sessionHash !== null && (
          <span className="dim" title={record.sessionHash}>
            {` · ${shownText(record.clientFamily ?? '')} ${shortId(record.sessionHash)}`}
          </span>
        )}
      </td>
      <td className={`c-provider truncate ${switched ? 'dim' : ''}`} title={provider && shownText(provider)}>
        {provider === undefined ? <Id id={record.providerId} /> : <Name of={provider} />}
      </td>
      <td
        className={`c-pkey truncate ${switched ? 'dim' : ''}`}
        title={providerKey && shownText(providerKey)}
      >
        {providerKey === undefined ? <Id id={record.providerKeyId} /> : <Name of={providerKey} />}
      </td>
      <td className="c-requests number" data-label={t('affinities.columns.requests')}>
        {format.number(record.requestCount)}
      </td>
      <td className="c-created number dim">
        <Ago at={record.createdAt} />
      </td>
      <td className="c-ttl number">{gone ? '—' : <Countdown until={until} />}</td>
      <td className="c-state">
        <RowState gone={gone} record={record} />
      </td>
      {canClear && (
        <td className="c-menu">
          <button
            type="button"
            className="copy"
            disabled={gone !== null}
            aria-label={t('affinities.clearRow', { name })}
            title={t('clears.one')}
            onClick={() => openClear({ kind: 'single', rows: [record] })}
          >
            <IconTrash size={15} stroke={1.6} />
          </button>
        </td>
      )}
    </tr>
  )
})

function Id({ id }: { readonly id: string }) {
  return (
    <span className="mono dim" title={shownText(id)}>
      <Name of={shortId(id)} />
    </span>
  )
}
