/** What comes with this package, as far as its lockfile tells. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface LockedPackage {
  readonly resolved?: string
  readonly integrity?: string
  readonly version?: string
  readonly link?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const textOf = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const { packages } = JSON.parse(textOf('package-lock.json')) as {
  packages: Readonly<Record<string, LockedPackage>>
}
const locked = Object.entries(packages).filter(([path]) => path !== '')

it('no install script runs, and a new one does not come unseen', () => {
  expect(textOf('.npmrc')).toMatch(/^ignore-scripts=true$/m)
  const withScript = locked.flatMap(([path, { hasInstallScript }]) => (hasInstallScript ? [path] : []))
  // Prisma's would download engines that are never run here; esbuild's checks its binary.
  expect(withScript.sort()).toEqual([
    'node_modules/@prisma/engines',
    'node_modules/esbuild',
    'node_modules/prisma',
  ])
})

it('each package is held to its bytes, on every platform', () => {
  // A link is a folder of this repository, so that nothing is fetched for it.
  const unheld = locked.filter(
    ([, { integrity, link }]) => !link && !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''),
  )
  expect(unheld.map(([path]) => path)).toEqual([])
})

it('the lockfile has each platform that a package is made for', () => {
  const isThere = (parent: string, name: string): boolean => {
    const folder = parent === '' ? '' : `${parent}/`
    if (`${folder}node_modules/${name}` in packages) return true
    return parent !== '' && isThere(parent.slice(0, Math.max(parent.lastIndexOf('/node_modules/'), 0)), name)
  }
  const missing = Object.entries(packages).flatMap(([parent, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isThere(parent, name)),
  )
  expect(missing).toEqual([])
})

it('each package comes from npm’s registry alone, not from a mirror, a git repository or a file', () => {
  const elsewhere = locked.filter(
    ([, { resolved, link }]) =>
      link || (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')),
  )
  expect(elsewhere.map(([path]) => path)).toEqual([])
  // An entry without an address is fetched by its name and version, from the registry of whoever installs.
  const unnamed = locked.filter(
    ([, { resolved, version }]) => resolved === undefined && !/^\d+\.\d+\.\d/.test(version ?? ''),
  )
  expect(unnamed.map(([path]) => path)).toEqual([])
})
