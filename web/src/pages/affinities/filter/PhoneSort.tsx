import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Sort } from '../address.js'
import type { ViewControl } from '../view-state.js'

const SORTS = [
  { field: 'EXPIRES_AT', name: 'ttl' },
  { field: 'CREATED_AT', name: 'created' },
  { field: 'REQUEST_COUNT', name: 'requests' },
] as const
const ARROWS = { DESC: '↓', ASC: '↑' } as const
const DIRECTIONS = ['DESC', 'ASC'] as const

const OPTIONS = SORTS.flatMap(({ field, name }) =>
  DIRECTIONS.map((direction) => ({ field, direction, name })),
)
const optionOf = ({ field, direction }: Sort) => `${field} ${direction}`

/** The select replaces the header row, which does not fit on a phone. */
export function PhoneSort({ control }: { readonly control: ViewControl }) {
  const { t } = useTranslation()
  return (
    <NativeSelect
      className="phone-sort"
      size="xs"
      aria-label={t('affinities.sort')}
      value={optionOf(control.view.sort)}
      data={OPTIONS.map((option) => ({
        value: optionOf(option),
        label: `${t(`affinities.columns.${option.name}`)} ${ARROWS[option.direction]}`,
      }))}
      onChange={(event) => {
        const chosen = OPTIONS.find((option) => optionOf(option) === event.currentTarget.value)
        if (chosen) control.setSort({ field: chosen.field, direction: chosen.direction })
      }}
    />
  )
}
