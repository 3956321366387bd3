// Installs packages and builds, if that is necessary.
import { build } from './build.mjs'
import { install, requireNode } from './lib/project.mjs'

requireNode()
install()
await build()
