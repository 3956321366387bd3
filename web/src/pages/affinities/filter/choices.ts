import { shownText } from '../../../components/shown-text.js'
import type { FilterChoicesQuery } from '../../../generated/graphql.js'
import { rememberName, shortId } from '../names.js'

export const CHOICE_FIELDS = ['providerId', 'providerKeyId', 'modelId', 'apiFormat', 'clientFamily'] as const
export type ChoiceField = (typeof CHOICE_FIELDS)[number]

export interface Choice {
  readonly value: string
  readonly label: string
}

/** Collects the values that the records can be filtered by. */
export function choicesOf(
  nodes: FilterChoicesQuery['affinities']['nodes'],
): Readonly<Record<ChoiceField, readonly Choice[]>> {
  const found = Object.fromEntries(CHOICE_FIELDS.map((field) => [field, new Map<string, string>()]))
  const add = (field: ChoiceField, id: string, name: string | null | undefined) => {
    found[field]?.set(id, name ?? id)
    if (name && field !== 'apiFormat' && field !== 'clientFamily') rememberName(field, id, name)
  }
  for (const node of nodes) {
    const { apiFormat, clientFamily, modelId, modelName, providerId, providerKeyId, provider, providerKey } =
      node
    add('apiFormat', apiFormat, apiFormat)
    if (clientFamily !== null) add('clientFamily', clientFamily, clientFamily)
    add('modelId', modelId, modelName)
    add('providerId', providerId, provider?.displayName)
    add('providerKeyId', providerKeyId, providerKey?.name)
  }
  const list = (field: ChoiceField) => toldApart([...(found[field] ?? [])])
  return {
    providerId: list('providerId'),
    providerKeyId: list('providerKeyId'),
    modelId: list('modelId'),
    apiFormat: list('apiFormat'),
    clientFamily: list('clientFamily'),
  }
}

/** Adds the id to names that several ids share: a gateway allows two provider keys with one name. */
function toldApart(named: readonly (readonly [id: string, name: string])[]): Choice[] {
  const uses = new Map<string, number>()
  for (const [, name] of named) uses.set(name, (uses.get(name) ?? 0) + 1)
  return named
    .map(([value, name]) => ({
      value,
      label: shownText(uses.get(name) === 1 ? name : `${name} · ${shortId(value)}`),
    }))
    .sort((a, b) => a.label.localeCompare(b.label))
}
