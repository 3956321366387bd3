import { useTranslation } from 'react-i18next'
import { shownText } from '../components/shown-text.js'
import { useFormat } from '../hooks/use-format.js'
import type { ClearOutcome } from './run-clear.js'

/** What the clear does not achieve, and what the nodes of the gateway did. */
export function ClearWarnings({ warnings, nodes }: Pick<ClearOutcome, 'warnings' | 'nodes'>) {
  const { t, i18n } = useTranslation()
  // The server writes English, with names and numbers; the catalogue says the same without them.
  const inServersWords = i18n.language === 'en'
  const format = useFormat()
  return (
    <>
      {warnings.length > 0 && (
        <div role="note" className="notice clear-warnings">
          <ul>
            {warnings.map(({ code, message }) => (
              <li key={code}>
                {t(`clears.warnings.${code}`)}
                {inServersWords && <div className="dim">{shownText(message)}</div>}
              </li>
            ))}
          </ul>
        </div>
      )}
      {nodes.length > 0 && (
        <>
          <h3>{t('clears.nodes')}</h3>
          <ul className="clear-sample">
            {nodes.map(({ url, ok, clearedCount, error }) => (
              <li key={url}>
                <span>{shownText(url)}</span>
                <span className={ok ? 'dim' : 'warn'}>
                  {!ok
                    ? t('clears.nodeFailed')
                    : clearedCount === null
                      ? t('clears.nodeDone')
                      : t('clears.nodeCleared', { formatted: format.number(clearedCount) })}
                </span>
                {error !== null && inServersWords && <span className="dim">{error}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}
