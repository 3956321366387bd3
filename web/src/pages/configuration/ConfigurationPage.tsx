import { useTranslation } from 'react-i18next'
import { Failure, FailureNotice } from '../../components/Failure.js'
import { PageHead, Scroll } from '../../components/Page.js'
import { CacheConfigDocument } from '../../generated/graphql.js'
import { useAnswer } from '../../hooks/use-answer.js'
import { useMeaning } from './meanings.js'

export function ConfigurationPage() {
  const { t, i18n } = useTranslation()
  const { data, error, ask } = useAnswer(CacheConfigDocument, {})
  const meaningOf = useMeaning()
  // Users copy the values into environment variables, so they are not rounded.
  const exact = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 10, useGrouping: false })
  return (
    <Scroll>
      <PageHead title={t('configuration.title')} intro={t('configuration.intro')} />
      {error !== undefined && data && <FailureNotice error={error} onRetry={ask} />}
      {error !== undefined && !data ? (
        <Failure error={error} onRetry={ask} />
      ) : (
        <div className="panel table-scroll">
          <table className="table stack">
            <thead>
              <tr>
                <th scope="col">{t('configuration.parameter')}</th>
                <th scope="col" className="number">
                  {t('configuration.value')}
                </th>
                <th scope="col">{t('configuration.meaning')}</th>
              </tr>
            </thead>
            <tbody>
              {data?.cacheConfig.parameters.map((parameter) => {
                const { name, value } = parameter
                const { words, language } = meaningOf(parameter)
                return (
                  <tr key={name}>
                    <td data-label={t('configuration.parameter')} className="mono">
                      {name}
                    </td>
                    <td data-label={t('configuration.value')} className="number">
                      {exact.format(value)}
                    </td>
                    <td data-label={t('configuration.meaning')} lang={language}>
                      {words}
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </Scroll>
  )
}
