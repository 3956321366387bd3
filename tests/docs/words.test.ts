/** A sentence names its subject first: one that begins with these words has to be read twice, above all by those who learn English. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PLACES = ['src', 'web/src', 'tests', 'bench', 'scripts', 'docs', 'README.md', 'schema.graphql']

/** At the start of a line of text or of a comment, or after the end of a sentence. */
const BEGINNING = /(?:^\s*(?:\/\*\*|\*|\/\/|-|\|)? ?|[.:] )(?:Of|Where|Whoever) [a-z0-9]/

const files = PLACES.flatMap((place) =>
  /\.\w+$/.test(place)
    ? [place]
    : readdirSync(join(ROOT, place), { recursive: true, encoding: 'utf8' }).map((name) => join(place, name)),
).filter((name) => /\.(?:tsx?|mjs|md|graphql)$/.test(name) && !/fixtures|words\.test/.test(name))

const beginnings = (text: string): string[] => text.split('\n').filter((line) => BEGINNING.test(line))

it('no sentence of a comment, a description or a page begins with "Of", "Where" or "Whoever"', () => {
  const found = files.flatMap((file) =>
    beginnings(readFileSync(join(ROOT, file), 'utf8')).map((line) => `${file}: ${line.trim()}`),
  )

  expect(files.length).toBeGreaterThan(500)
  expect(found).toEqual([])
})

it.each([
  '/** Of the same; at most 72 bytes count. */',
  '  // Where there is one, it stands above.',
  'It ends. Whoever reads it, waits.',
])('finds it in %s', (line) => {
  expect(beginnings(line)).toEqual([line])
})
