import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLID,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql'
import type { Context } from '../../context.js'
import type { JsonBytes, WriteJson, Written } from '../../util/json-bytes.js'

/** Thrown where a field cannot be written at once. */
export class NotWritten extends Error {
  /** @param waits whether its value is a promise, as it will be the next time */
  constructor(readonly waits: boolean) {
    super('A field of a list cannot be written at once.')
  }
}

/** One list that is being written. */
interface Writing {
  readonly to: JsonBytes
  readonly context: Context
  /** The objects that were written, by their places in the query: many records name the same rows. */
  readonly known: readonly Map<unknown, Written>[]
}

type Write = (value: unknown, writing: Writing) => void

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>

interface Compiling {
  readonly fragments: Fragments
  /** Number of places whose objects are remembered. */
  places: number
}

/** @throws NotWritten, or what a field throws */
export type WriteList = (objects: readonly unknown[], to: JsonBytes, context: Context) => void

/**
 * Compiles what a query selects of the objects in a list to a function that writes them as JSON while it resolves their fields,
 * without a value for each. Returns undefined for what it does not know: arguments, directives, abstract types, and resolvers that look
 * at their place in the query.
 */
export function compileList(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  fragments: Fragments,
): WriteList | undefined {
  const compiling = { fragments, places: 0 }
  const write = objectWriter(type, nodes, compiling)
  if (!write) return undefined
  return (objects, to, context) => {
    const known = Array.from({ length: compiling.places }, () => new Map<unknown, Written>())
    const writing: Writing = { to, context, known }
    to.list(objects, (object) => write(object, writing))
  }
}

function objectWriter(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Write | undefined {
  const fields = fieldsOf(type, nodes, compiling.fragments)
  if (!fields) return undefined
  const writers: Write[] = []
  for (const [name, fieldNodes] of fields) {
    const head = Buffer.from(`${writers.length === 0 ? '{' : ','}${JSON.stringify(name)}:`)
    const writer = fieldWriter(type, fieldNodes, head, compiling)
    if (!writer) return undefined
    writers.push(writer)
  }
  return (value, writing) => {
    for (const writer of writers) writer(value, writing)
    writing.to.ascii('}')
  }
}

type Fields = Map<string, FieldNode[]>

/** Returns the fields that are selected on an object of this type, by their names in the answer; undefined if directives decide. */
export function fieldsOf(
  type: GraphQLObjectType,
  nodes: readonly { readonly selectionSet?: SelectionSetNode | undefined }[],
  fragments: Fragments,
): Fields | undefined {
  const fields: Fields = new Map()
  return nodes.every(({ selectionSet }) => collect(selectionSet, type, fields, fragments))
    ? fields
    : undefined
}

function collect(
  selectionSet: SelectionSetNode | undefined,
  type: GraphQLObjectType,
  into: Fields,
  fragments: Fragments,
): boolean {
  return (selectionSet?.selections ?? []).every((selection) => {
    if (selection.directives?.length) return false
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value
      into.set(name, [...(into.get(name) ?? []), selection])
      return true
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value]
    const isOfType = !fragment?.typeCondition || fragment.typeCondition.name.value === type.name
    return (
      fragment !== undefined &&
      !fragment.directives?.length &&
      isOfType &&
      collect(fragment.selectionSet, type, into, fragments)
    )
  })
}

function fieldWriter(
  parent: GraphQLObjectType,
  nodes: readonly FieldNode[],
  head: Uint8Array,
  compiling: Compiling,
): Write | undefined {
  const name = nodes[0]?.name.value ?? ''
  if (name === '__typename') {
    const text = Buffer.concat([head, Buffer.from(JSON.stringify(parent.name))])
    return (_parent, { to }) => to.raw(text)
  }
  const field = parent.getFields()[name]
  if (!field || field.args.length > 0) return undefined
  const write = valueWriter(field.type, nodes, compiling)
  if (!write) return undefined
  const { resolve } = field
  if (resolve === undefined) {
    return (parentValue, writing) => {
      writing.to.raw(head)
      write((parentValue as Readonly<Record<string, unknown>>)[name], writing)
    }
  }
  // One with a fourth parameter wants to know its place in the query.
  if (resolve.length > 3) return undefined
  const resolveIt = resolve as (parent: unknown, args: object, context: Context) => unknown
  return (parentValue, writing) => {
    writing.to.raw(head)
    write(resolveIt(parentValue, NO_ARGUMENTS, writing.context), writing)
  }
}

const NO_ARGUMENTS = Object.freeze({})

function valueWriter(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Write | undefined {
  if (isNonNullType(type)) return innerWriter(type.ofType, nodes, compiling)
  const write = innerWriter(type, nodes, compiling)
  return (
    write &&
    ((value, writing) => {
      if (value == null) writing.to.ascii('null')
      else write(value, writing)
    })
  )
}

function innerWriter(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Write | undefined {
  if (isLeafType(type)) return leafWriter(type)
  if (isListType(type)) {
    const writeItem = valueWriter(type.ofType, nodes, compiling)
    return (
      writeItem &&
      ((value, writing) => {
        if (!Array.isArray(value)) throw notWritten(value)
        writing.to.list(value, (item) => writeItem(item, writing))
      })
    )
  }
  if (!isObjectType(type) || type.isTypeOf) return undefined
  const write = objectWriter(type, nodes, compiling)
  if (!write) return undefined
  const place = compiling.places++
  return (value, writing) => {
    const known = writing.known[place] as Map<unknown, Written>
    const written = known.get(value)
    if (written !== undefined) {
      writing.to.again(written)
      return
    }
    if (!isKnown(value)) throw notWritten(value)
    const start = writing.to.length
    write(value, writing)
    known.set(value, { start, end: writing.to.length })
  }
}

const isKnown = (value: unknown): value is NonNullable<unknown> =>
  value != null && !(value instanceof Promise) && !(value instanceof Error)

function notWritten(value: unknown): NotWritten {
  const waits = value instanceof Promise
  // The field is resolved once more, where its failure is told.
  if (waits) value.catch(() => {})
  return new NotWritten(waits)
}

function leafWriter(type: GraphQLLeafType): Write {
  if (isEnumType(type)) {
    const names = new Map(
      type.getValues().map(({ value, name }) => [value as unknown, Buffer.from(JSON.stringify(name))]),
    )
    return (value, { to }) => {
      const name = names.get(value)
      if (name === undefined) throw notWritten(value)
      to.raw(name)
    }
  }
  const { writeJson } = type.extensions as { readonly writeJson?: WriteJson }
  if (writeJson) {
    return (value, { to }) => {
      if (!isKnown(value)) throw notWritten(value)
      writeJson(value, to)
    }
  }
  const isText = type === GraphQLString || type === GraphQLID
  return (value, { to }) => {
    // These types take a text as it is.
    if (isText && typeof value === 'string') return to.text(value)
    if (!isKnown(value)) throw notWritten(value)
    const written: unknown = type.serialize(value)
    if (typeof written === 'string') return to.text(written)
    if (typeof written === 'boolean') return to.ascii(written ? 'true' : 'false')
    const json = written == null ? undefined : JSON.stringify(written)
    if (json === undefined) throw notWritten(written)
    return to.json(json)
  }
}
