import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { firstDirection, SORTS, sortParam, TURNED } from '../address.js'
import { COLUMN_OF } from '../table/columns.js'
import type { ViewControl } from '../view-state.js'

const ARROWS = { DESC: '↓', ASC: '↑' } as const

/** Each column in both directions, that of a first press on its title before the other. */
const OPTIONS = Object.values(SORTS).flatMap((field) => {
  const direction = firstDirection(field)
  return [direction, TURNED[direction]].map((one) => ({ field, direction: one }))
})

/** The select replaces the header row, which does not fit on a phone. */
export function PhoneSort({ control }: { readonly control: ViewControl }) {
  const { t } = useTranslation()
  return (
    <NativeSelect
      className="phone-sort"
      size="xs"
      aria-label={t('affinities.sort')}
      value={sortParam(control.view.sort)}
      data={OPTIONS.map((option) => ({
        value: sortParam(option),
        label: `${t(`affinities.columns.${COLUMN_OF[option.field]}`)} ${ARROWS[option.direction]}`,
      }))}
      onChange={(event) => {
        const chosen = OPTIONS.find((option) => sortParam(option) === event.currentTarget.value)
        if (chosen) control.setSort(chosen)
      }}
    />
  )
}
