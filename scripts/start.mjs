// `npm start`: installs, builds and serves; each step only where it is needed.
import { build } from './build.mjs'
import { install, requireNode } from './lib/project.mjs'

requireNode()
install()
build()
await import('../dist/main.js')
