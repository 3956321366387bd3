import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const markdownIn = (directory: string): string[] =>
  readdirSync(join(ROOT, directory))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name))

const FILES = [...markdownIn('.'), ...markdownIn('docs')]

/** Without what is shown as code: there a bracket is no link and a # no heading. */
const proseOf = (file: string): string =>
  readFileSync(join(ROOT, file), 'utf8').replace(/^```[\s\S]+?^```/gm, '')

/** As GitHub makes them of headings; the second of a name gets `-1`. */
function anchorsOf(file: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = [...proseOf(file).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) => {
    const text = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
    const anchor = text.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
  return new Set(anchors)
}

const linksOf = (file: string): string[] =>
  [
    ...proseOf(file)
      .replace(/`[^`\n]*`/g, '')
      .matchAll(/!?\[[^\]]*\]\(([^)\s]+)[^)]*\)/g),
  ].map(([, target = '']) => target)

describe('the documentation', () => {
  it('is found by this test, with its links', () => {
    expect(FILES).toEqual(expect.arrayContaining(['README.md', 'SECURITY.md', 'docs/operating.md']))
    expect(linksOf('README.md').length).toBeGreaterThan(2)
    expect(anchorsOf('docs/operating.md')).toContain('several-instances')
  })

  it.each(FILES)('%s links to files that exist', (file) => {
    const broken = linksOf(file)
      .filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('#'))
      .map((target) => target.split('#')[0] ?? '')
      .filter((path) => !existsSync(join(ROOT, dirname(file), decodeURI(path))))
    expect(broken).toEqual([])
  })

  it.each(FILES)('%s links to headings that exist', (file) => {
    const broken = linksOf(file)
      .filter((target) => !/^[a-z]+:/.test(target) && target.includes('#'))
      .filter((target) => {
        const [path = '', anchor = ''] = target.split('#')
        const to = path === '' ? file : relative(ROOT, join(ROOT, dirname(file), path))
        return to.endsWith('.md') && existsSync(join(ROOT, to)) && !anchorsOf(to).has(anchor)
      })
    expect(broken).toEqual([])
  })

  it('can be reached from the README, file by file', () => {
    const reached = new Set(['README.md'])
    for (const file of reached) {
      for (const target of linksOf(file)) {
        const path = target.split('#')[0] ?? ''
        if (/^[a-z]+:/.test(target) || !path.endsWith('.md')) continue
        reached.add(relative(ROOT, join(ROOT, dirname(file), path)))
      }
    }
    expect(FILES.filter((file) => !reached.has(file))).toEqual([])
  })
})
