import { shownText } from '../../../components/shown-text.js'
import type { FilterChoicesQuery, SpreadFragment } from '../../../generated/graphql.js'
import { rememberName, toldApart } from '../names.js'

export const CHOICE_FIELDS = ['providerId', 'providerKeyId', 'modelId', 'apiFormat', 'clientFamily'] as const
export type ChoiceField = (typeof CHOICE_FIELDS)[number]

/** The API lists at most so many groups. */
export const MOST_CHOICES = 1_000

export interface Choice {
  readonly value: string
  readonly label: string
}

export type Choices = Readonly<Record<ChoiceField, readonly Choice[]>>

export const NO_CHOICES: Choices = {
  providerId: [],
  providerKeyId: [],
  modelId: [],
  apiFormat: [],
  clientFamily: [],
}

/** Returns the values that some live affinity has, by name. */
export function choicesOf(counts: FilterChoicesQuery): Choices {
  const list = (field: ChoiceField) => {
    const { groups } = counts[field]
    for (const { key, label } of groups) {
      if (label !== key && field !== 'apiFormat' && field !== 'clientFamily') rememberName(field, key, label)
    }
    return choices(groups)
  }
  return {
    providerId: list('providerId'),
    providerKeyId: list('providerKeyId'),
    modelId: list('modelId'),
    apiFormat: list('apiFormat'),
    clientFamily: list('clientFamily'),
  }
}

/** Returns the fields of which there are more values than can be offered. */
export const cutFields = (counts: FilterChoicesQuery): readonly ChoiceField[] =>
  CHOICE_FIELDS.filter((field) => counts[field].groupCount > counts[field].groups.length)

const choices = (groups: SpreadFragment['groups']): Choice[] => {
  const labels = toldApart(groups)
  return groups
    .map(({ key }, index) => ({ value: key, label: shownText(labels[index] ?? key) }))
    .sort((a, b) => a.label.localeCompare(b.label))
}
