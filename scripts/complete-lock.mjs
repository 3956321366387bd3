// `node scripts/complete-lock.mjs` adds the optional packages of other platforms to package-lock.json; run it after
// `npm install`. With a registry that serves only one platform, npm leaves the others out of the lock, and `npm ci` then
// refuses it on every platform. The parent package says the exact version, and the package's name says the platform. The
// added entries have no integrity hash; `npm install` with a complete registry adds it.
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
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
console.log(`${added} packages of other platforms named.`)
