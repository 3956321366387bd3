import type { Command } from 'commander'
import type { AffinityFilter, AffinityqlClient } from '../client/index.js'
import { isUuid } from './affinity-filter.js'
import { type Cli, formatOf, tableViewOf } from './command.js'
import { CommandError, EXIT } from './exit-codes.js'
import { type Column, preview } from './format.js'
import { printOne } from './lists.js'
import { plain } from './terminal.js'

/** A row that a person may mean. */
interface Candidate {
  readonly id: string
  readonly name: string
  /** Another name by which people know it. */
  readonly alias: string | null
  readonly isActive: boolean
  readonly affinityCount?: number | null
}

/** What names are looked up among. */
export interface Kind {
  /** The noun of sentences, in plural. */
  readonly nouns: string
  /** Returns the rows that have this text in an id or a name. */
  search(text: string, client: AffinityqlClient, signal: AbortSignal): Promise<readonly Candidate[]>
  /** Tells whether what the command is about names this id although no row has it, as after its row was deleted. */
  isNamed(id: string, client: AffinityqlClient, signal: AbortSignal): Promise<boolean>
}

/** A search takes no longer text, and no row has a longer name. */
const LONGEST_NAME = 255
const SHOWN = 10

interface Named {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly isActive: boolean
  readonly affinityCount: number | null
}

async function everyRow(rows: AsyncIterable<Named>): Promise<Candidate[]> {
  const all: Candidate[] = []
  for await (const { displayName, ...row } of rows) all.push({ ...row, alias: displayName })
  return all
}

const isPinned =
  (filterOf: (id: string) => AffinityFilter): Kind['isNamed'] =>
  async (id, client, signal) =>
    (await client.affinityRecords({ filter: filterOf(id), first: 1 }, { signal })).totalCount > 0

export const PROVIDER: Kind = {
  nouns: 'providers',
  search: (search, client, signal) => everyRow(client.providers.all({ search }, { signal })),
  isNamed: isPinned((providerId) => ({ providerId })),
}

export const GLOBAL_MODEL: Kind = {
  nouns: 'global models',
  search: (search, client, signal) => everyRow(client.globalModels.all({ search }, { signal })),
  isNamed: isPinned((modelId) => ({ modelId })),
}

export type Found =
  /** One row, or an id that only affinities have. */
  | { readonly id: string; readonly isRow: boolean }
  | { readonly candidates: readonly Candidate[]; readonly isAmbiguous: boolean }

/**
 * Finds the row that a person means by a name. An id stays what it is and asks nobody, so that it works while PostgreSQL is
 * away. A name must be given whole: what only has the text in its name is a candidate, and nothing is done to it.
 */
async function find(text: string, kind: Kind, client: AffinityqlClient, signal: AbortSignal): Promise<Found> {
  if (isUuid(text)) return { id: text, isRow: true }
  const rows = isSearchable(text) ? await kind.search(text, client, signal) : []
  const byId = rows.find(({ id }) => id === text)
  if (byId) return { id: byId.id, isRow: true }
  const named = rows.filter(({ name, alias }) => name === text || alias === text)
  const [one, ...others] = named.length > 0 ? named : rows.filter((row) => hasNameInAnyCase(row, text))
  if (one && others.length === 0) return { id: one.id, isRow: true }
  if (one) return { candidates: [one, ...others], isAmbiguous: true }
  if (await kind.isNamed(text, client, signal)) return { id: text, isRow: false }
  return { candidates: rows, isAmbiguous: false }
}

const isSearchable = (text: string): boolean => text.trim() !== '' && text.length <= LONGEST_NAME

const hasNameInAnyCase = ({ name, alias }: Candidate, text: string): boolean =>
  [name, alias].some((known) => known?.toLowerCase() === text.toLowerCase())

const COLUMNS: readonly Column<Candidate>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'ALSO', value: ({ alias }) => alias, optional: true },
  { title: 'ACTIVE', value: ({ isActive }) => isActive },
  { title: 'AFFINITIES', value: ({ affinityCount }) => affinityCount, align: 'right', optional: true },
  { title: 'ID', value: ({ id }) => id, whole: true },
]

interface Wanted {
  readonly text: string
  readonly kind: Kind
  /** Says what the command did not do, because nobody has this name. */
  readonly undone?: string
}

/** Returns what a name means. @throws CommandError (exit code 3) after the candidates have been printed */
export async function resolveName(
  cli: Cli,
  command: Command,
  client: AffinityqlClient,
  { text, kind, undone = 'Nothing was cleared' }: Wanted,
): Promise<{ readonly id: string; readonly isRow: boolean }> {
  const found = await find(text, kind, client, cli.signal)
  if ('id' in found) return found
  const { candidates, isAmbiguous } = found
  const message = isAmbiguous
    ? `${undone}: several ${kind.nouns} have the name ${text}. Give the id of one.`
    : `${undone}: none of the ${kind.nouns} has this name or id: ${text}.`
  if (formatOf(command) !== 'table') {
    const error = { __typename: 'NotFoundError', code: 'NOT_FOUND', message }
    await printOne(cli, command, error, () => plain``)
  }
  tellCandidates(cli, command, candidates, isAmbiguous ? undefined : kind.nouns)
  throw new CommandError(message, EXIT.notFound)
}

/** Prints the users that may have been meant where the server knows none of this name. */
export async function tellUsers(
  cli: Cli,
  command: Command,
  client: AffinityqlClient,
  text: string,
): Promise<void> {
  if (!isSearchable(text)) return
  const { nodes } = await client.users({ search: text, first: SHOWN + 1 }, { signal: cli.signal })
  const rows = nodes.map(({ id, username, email, isActive }) => ({
    id,
    name: username,
    alias: email,
    isActive,
  }))
  tellCandidates(cli, command, rows, 'users')
}

function tellCandidates(
  cli: Cli,
  command: Command,
  candidates: readonly Candidate[],
  nouns: string | undefined,
): void {
  if (candidates.length === 0) return
  cli.terminal.note(nouns === undefined ? 'They are:' : `These ${nouns} have the text in a name or an id:`)
  cli.terminal.noteLines(preview(COLUMNS, candidates.slice(0, SHOWN), tableViewOf(cli, command)))
  if (candidates.length > SHOWN) cli.terminal.note('… and more.')
}
