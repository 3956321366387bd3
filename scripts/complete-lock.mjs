// `node scripts/complete-lock.mjs` adds the optional packages of other platforms to package-lock.json; run it after
// `npm install`. With a registry that serves only one platform, npm leaves the others out of the lock, and `npm ci` then
// refuses it on every platform. The parent package says the exact version, and the package's name says the platform. The
// registry then says the hash of each entry that has none. The script fails if the registry does not have a package: take
// a version of its parent that is published for every platform.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))

const OS = [
  'darwin',
  'linux',
  'win32',
  'android',
  'freebsd',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'aix',
]
const CPU = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32']

/** Returns true if Node would find a package with this name from the folder of its parent. */
function isThere(parent, name) {
  for (let folder = parent; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true
    if (folder === '') return false
  }
}

let added = 0
for (const [parent, { optionalDependencies = {}, dev, devOptional }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isThere(parent, name)) continue
    const words = name === 'fsevents' ? ['darwin'] : name.split(/[-/]/)
    const os = OS.filter((word) => words.includes(word))
    const cpu = CPU.filter((word) => words.includes(word))
    if (os.length + cpu.length === 0 || !/^\d/.test(version)) {
      console.error(`${name}@${version}, asked for by ${parent}, is not in the lock and names no platform.`)
      process.exitCode = 1
      continue
    }
    const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(cpu.length > 0 && { cpu }),
      ...(dev && { dev }),
      ...(devOptional && { devOptional }),
      ...(libc && { libc }),
      optional: true,
      ...(os.length > 0 && { os }),
    }
    added++
  }
}

/** Asks the registry for the hash of a package's bytes; undefined if it does not have the package. */
function integrityOf(name, version) {
  try {
    const said = execFileSync('npm', ['view', `${name}@${version}`, 'dist.integrity', '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
    })
    const integrity = JSON.parse(said)
    return /^sha512-/.test(integrity) ? integrity : undefined
  } catch {
    return undefined
  }
}

let held = 0
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === '' || entry.link || entry.integrity) continue
  const { version, resolved, ...rest } = entry
  const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const integrity = integrityOf(name, version)
  if (!integrity) {
    console.error(`${name}@${version} is in the lock without a hash, and the registry does not have it.`)
    process.exitCode = 1
    continue
  }
  // npm writes the fields in this order.
  lock.packages[path] = { version, ...(resolved && { resolved }), integrity, ...rest }
  held++
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
console.log(`${added} packages of other platforms named, ${held} held to a hash.`)
