// `npm start` installs, builds and serves.
import './prepare.mjs'

await import('../dist/main.js')
