import {
  type DefinitionNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import type { Context } from '../../context.js'
import { JsonBytes } from '../../util/json-bytes.js'
import { compileList, type Fragments, fieldsOf, NotWritten, type WriteList } from './list-writer.js'
import { PAGE, RECORDS, schemasOf } from './page-schemas.js'

/** A list that a query selects. */
interface SelectedList {
  readonly page: string
  readonly records: string
  readonly nodes: readonly FieldNode[]
  readonly write: WriteList
}

/** An answer gets no more memory than this before so much of it is there: records may be a thousand times as long as the last ones. */
const MOST_EXPECTED = 4 * 2 ** 20

/** What is written of a query's answer by itself. */
export interface WrittenLists {
  /** The schema to compile the query with. */
  readonly schema: GraphQLSchema
  readonly lists: readonly SelectedList[]
  /** The bytes of a record in the latest answer. */
  bytesPerRecord: number
  /** Set when a field was a promise. */
  areSlow: boolean
}

/** Returns what of a query's answer can be written by itself; undefined if nothing can. */
export function writtenLists(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): WrittenLists | undefined {
  const schemas = schemasOf(schema)
  const query = schema.getQueryType()
  if (!schemas || !query) return undefined
  const fragments = fragmentsOf(document)
  const lists: SelectedList[] = []
  for (const [page, nodes] of fieldsOf(query, [operation], fragments) ?? []) {
    if (nodes[0]?.name.value !== PAGE) continue
    const fields = fieldsOf(schemas.page, nodes, fragments)
    if (!fields) return undefined
    for (const [records, recordNodes] of fields) {
      const name = recordNodes[0]?.name.value
      // The type of the page has another name in its schema.
      if (name === '__typename') return undefined
      if (name !== RECORDS) continue
      const write = compileList(schemas.record, recordNodes, fragments)
      if (!write) return undefined
      lists.push({ page, records, nodes: recordNodes, write })
    }
  }
  return lists.length > 0
    ? { schema: schemas.withoutRecords, lists, bytesPerRecord: 0, areSlow: false }
    : undefined
}

const fragmentsOf = ({ definitions }: DocumentNode): Fragments =>
  Object.fromEntries(
    definitions
      .filter((one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION)
      .map((one) => [one.name.value, one]),
  )

/** The records of a page that stand written in an answer. */
class WrittenList {
  constructor(readonly json: () => Buffer) {}

  /** Gives the same to code that writes the answer in another way. */
  toJSON(): unknown {
    return JSON.parse(this.json().toString())
  }
}

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** Yoga gives this to its `Response`. */
export interface WrittenResult extends ExecutionResult {
  readonly stringify?: (result: ExecutionResult) => string
}

/**
 * Completes an answer whose records are still what their fields are resolved from. They are written as bytes. If one of their
 * fields fails or waits, GraphQL.js completes them.
 */
export async function withLists(
  result: ExecutionResult,
  written: WrittenLists,
  args: ExecutionArgs,
): Promise<WrittenResult> {
  if (!isFields(result.data)) return result
  if (!result.errors) {
    try {
      return { ...result, stringify: writeAnswer(result.data, written, args.contextValue as Context) }
    } catch (error) {
      if (error instanceof NotWritten && error.waits) written.areSlow = true
    }
  }
  return completed(result, written, args)
}

/** Writes an answer's data, and returns the function that writes the rest of it. */
function writeAnswer(
  data: Fields,
  written: WrittenLists,
  context: Context,
): (result: ExecutionResult) => string {
  const { lists } = written
  const recordsOf = ({ page, records }: SelectedList) => Reflect.get(Object(data[page]), records) as unknown[]
  const count = lists.reduce((sum, list) => sum + recordsOf(list).length, 0)
  const to = new JsonBytes(Math.min(MOST_EXPECTED, Math.ceil(count * written.bytesPerRecord * 1.1)))
  const spans: (() => void)[] = []
  let ofRecords = 0
  to.ascii('{"data":')
  to.fields(data, (page, value) => {
    const ofPage = lists.filter((list) => list.page === page)
    if (ofPage.length === 0 || !isFields(value)) return writeJson(value, to)
    to.fields(value, (name, items) => {
      const list = ofPage.find(({ records }) => records === name)
      if (!list) return writeJson(items, to)
      const start = to.length
      list.write(items as readonly unknown[], to, context)
      const end = to.length
      ofRecords += end - start
      spans.push(() => {
        value[name] = new WrittenList(() => to.whole().subarray(start, end))
      })
    })
  })
  for (const replace of spans) replace()
  const { length } = to
  if (count > 0) written.bytesPerRecord = ofRecords / count
  return ({ data: _, ...rest }) => {
    const json = JSON.stringify(rest)
    to.cut(length)
    to.json(json === '{}' ? json.slice(1) : `,${json.slice(1)}`)
    // `Response` takes bytes as well as a text, and Yoga does nothing else with it.
    return to.whole() as unknown as string
  }
}

const writeJson = (value: unknown, to: JsonBytes): void => to.json(JSON.stringify(value) ?? '')

/** Completes the records of an answer with GraphQL.js. */
async function completed(
  result: ExecutionResult,
  { lists }: WrittenLists,
  args: ExecutionArgs,
): Promise<ExecutionResult> {
  const errors = [...(result.errors ?? [])]
  let data: ExecutionResult['data'] | null = result.data ?? null
  for (const list of lists) {
    const page = result.data?.[list.page]
    const records = isFields(page) ? page[list.records] : undefined
    if (!isFields(page) || records == null) continue
    const one = await execute({
      ...args,
      schema: recordsAloneOf(args.schema),
      document: alone(list, args),
      rootValue: records,
    })
    errors.push(...(one.errors ?? []).map((error) => below(list.page, error)))
    // No field on the way to the records may be null.
    if (one.data) page[list.records] = one.data[list.records]
    else data = null
  }
  return { ...result, data, ...(errors.length > 0 && { errors }) }
}

function recordsAloneOf(schema: GraphQLSchema): GraphQLSchema {
  const schemas = schemasOf(schema)
  if (!schemas) throw new Error('There is no schema of the records alone.')
  return schemas.recordsAlone
}

/**
 * The document that asks for the records of a list alone; what it says stands where it stood in the query. It has no variables:
 * what is written has no arguments, and the schema of the records lacks the types of the others.
 */
function alone({ nodes }: SelectedList, { document, operationName }: ExecutionArgs): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.flatMap((definition): readonly DefinitionNode[] => {
      if (definition.kind !== Kind.OPERATION_DEFINITION) return [definition]
      if (operationName != null && definition.name?.value !== operationName) return []
      const selectionSet = { ...definition.selectionSet, selections: nodes }
      return [{ ...definition, variableDefinitions: [], selectionSet }]
    }),
  }
}

const below = (page: string, error: GraphQLError): GraphQLError =>
  new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    path: [page, ...(error.path ?? [])],
    originalError: error.originalError ?? null,
    extensions: error.extensions,
  })
