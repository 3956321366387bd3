/** What comes with this package, as far as its lockfile tells. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface LockedPackage {
  readonly resolved?: string
  readonly integrity?: string
  readonly optional?: boolean
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

it('each package is held to its bytes, but those of other platforms, which nothing here installs', () => {
  const unheld = locked.filter(([, { integrity, optional }]) => !integrity && !optional)
  expect(unheld.map(([path]) => path)).toEqual([])
})

it('comes from npm’s registry alone, not from a git repository or a file', () => {
  const elsewhere = locked.filter(
    ([, { resolved }]) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'),
  )
  expect(elsewhere.map(([path]) => path)).toEqual([])
})
