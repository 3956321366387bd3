// Deletes from node_modules what no dependency needs. `npm ci --omit=dev` keeps whatever an optional peer could use:
// Prisma's command line and what it brings (a studio, a development server, TypeScript) are half of the image.
import { existsSync, readFileSync, rmSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))

/** As Node finds it: beside the package that asks, or beside any that this one is in. */
function locate(name, from) {
  for (let place = from; ; place = place.slice(0, Math.max(place.lastIndexOf('/node_modules/'), 0))) {
    const path = `${place === '' ? '' : `${place}/`}node_modules/${name}`
    if (path in packages) return path
    if (place === '') return undefined
  }
}

const needed = new Set()
function need(path) {
  if (needed.has(path)) return
  needed.add(path)
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = packages[path]
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional)
  for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
    const found = locate(name, path)
    if (found) need(found)
  }
}
need('')

let count = 0
for (const path of Object.keys(packages)) {
  if (needed.has(path) || !existsSync(path)) continue
  rmSync(path, { recursive: true })
  count += 1
}
process.stdout.write(`${count} packages deleted that only optional peers asked for.\n`)
