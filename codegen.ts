import type { CodegenConfig } from '@graphql-codegen/cli'

/** Codegen writes the console's documents and their types from the checked-in schema. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'web/src/**/*.graphql',
  generates: {
    'web/src/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, skipIndexFile: true },
      config: {
        scalars: { DateTime: 'string', JSON: 'unknown', SafeInt: 'number' },
        strictScalars: true,
        enumType: 'string-literal',
        useTypeImports: true,
        immutableTypes: true,
      },
    },
    // Apollo's cache matches fragments on unions and interfaces by these types.
    'web/src/generated/possible-types.ts': {
      plugins: ['fragment-matcher'],
      config: { useExplicitTyping: true, deterministic: true },
    },
  },
}

export default config
