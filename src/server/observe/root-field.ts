import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql'

/** Returns the operation's only root field, or `several`. The document must be valid, so that every name is one of the schema. */
export function rootFieldOf(document: DocumentNode, selectionSet: SelectionSetNode): string {
  const names = new Set<string>()
  const spread = new Set<string>()
  const collect = ({ selections }: SelectionSetNode) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value)
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet)
      // Each fragment is visited once: fragments that spread each other twice would take exponential time.
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value)
        const fragment = document.definitions.find(
          (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === selection.name.value,
        )
        if (fragment?.kind === Kind.FRAGMENT_DEFINITION) collect(fragment.selectionSet)
      }
    }
  }
  collect(selectionSet)
  const [name = 'none', ...others] = names
  return others.length === 0 ? name : 'several'
}
