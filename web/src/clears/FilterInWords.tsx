import { useTranslation } from 'react-i18next'
import type { AffinityFilter } from '../generated/graphql.js'
import { useFormat } from '../hooks/use-format.js'
import { filterWords } from '../pages/affinities/filter/filter-words.js'

/** An operator who clears by a filter reads here what it selects, and not in the table behind the dialogue. */
export function FilterInWords({ filter }: { readonly filter: AffinityFilter }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <div className="clear-filter">
      <p>{t('clears.ofFilter')}</p>
      <ul>
        {filterWords(t, format, filter).map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
    </div>
  )
}
