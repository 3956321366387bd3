import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'
import type { Selected } from '../loaders/affinity-joins.js'

type MutableSelected = { [field: string]: MutableSelected }

/**
 * Collects the fields that a query selects on a connection's records, both under `nodes` and under `edges { node }`.
 * @param path fields that lead from the resolved field to the connection
 */
export function selectedNodes(info: GraphQLResolveInfo, path: readonly string[] = []): Selected {
  const tree: MutableSelected = Object.create(null)
  for (const { selectionSet } of info.fieldNodes) collect(selectionSet, tree, info)
  const connection = path.reduce<MutableSelected | undefined>((found, field) => found?.[field], tree)
  return merge(connection?.['nodes'] ?? {}, connection?.['edges']?.['node'] ?? {})
}

/** Collects the fields of a selection set. It ignores `@skip` and `@include`: rows may be read in vain, but never too few. */
function collect(
  selectionSet: SelectionSetNode | undefined,
  into: MutableSelected,
  info: GraphQLResolveInfo,
): void {
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value
      into[name] ??= Object.create(null) as MutableSelected
      collect(selection.selectionSet, into[name], info)
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      collect(selection.selectionSet, into, info)
    } else {
      collect(info.fragments[selection.name.value]?.selectionSet, into, info)
    }
  }
}

function merge(a: Selected, b: Selected): Selected {
  const merged: MutableSelected = Object.create(null)
  for (const field of new Set([...Object.keys(a), ...Object.keys(b)])) {
    merged[field] = merge(a[field] ?? {}, b[field] ?? {}) as MutableSelected
  }
  return merged
}
