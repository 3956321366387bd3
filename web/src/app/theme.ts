import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** The accent colour is a calm teal that marks what can be clicked. */
const teal: MantineColorsTuple = [
  '#e9f5f3',
  '#d3e8e4',
  '#a6d2ca',
  '#76baaf',
  '#4fa598',
  '#37988a',
  '#228376',
  '#12655b',
  '#0d544c',
  '#05443d',
]

/** White on shades 6 and 7, and their texts on the grounds of both themes, have a contrast of 4.5 : 1 or more. */
const red: MantineColorsTuple = [
  '#fdeceb',
  '#fad7d4',
  '#f5aea8',
  '#ff8a80',
  '#f0655a',
  '#dd4437',
  '#c42f22',
  '#b42318',
  '#951c13',
  '#75150e',
]

/** The greys contain a little blue, because Mantine's greys look brown beside a dark terminal. */
const dark: MantineColorsTuple = [
  '#d4dade',
  '#b3bcc3',
  '#96a2ab',
  '#5d6972',
  '#364048',
  '#29323a',
  '#1e252b',
  '#161b20',
  '#101418',
  '#0b0e11',
]

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 6 },
  colors: { teal, red, dark },
  defaultRadius: 'sm',
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.125rem' }, h2: { fontSize: '0.875rem' } } },
  spacing: { xs: '0.375rem', sm: '0.625rem', md: '0.875rem', lg: '1.25rem', xl: '1.75rem' },
  cursorType: 'pointer',
  respectReducedMotion: true,
})

/** Every pair of text and ground below has a contrast of 4.5 : 1 or more. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--ground': '#f5f6f6',
    '--mantine-color-text': '#1b2328',
    '--mantine-color-dimmed': '#55616a',
    '--mantine-color-error': '#b42318',
    '--mantine-color-placeholder': '#66727b',
    '--mantine-color-anchor': '#0d6259',
    '--panel': '#ffffff',
    '--panel-raised': '#f0f2f2',
    '--line': '#dfe3e5',
    '--good': '#146c43',
    '--warn': '#8a5300',
    '--warn-ground': '#fdf3dd',
    '--bad': '#b42318',
    '--bad-ground': '#fdeceb',
    '--accent': '#0d6259',
    '--accent-ground': '#e3f1ef',
  },
  dark: {
    '--mantine-color-body': '#161b20',
    '--ground': '#101418',
    '--mantine-color-text': '#d4dade',
    '--mantine-color-dimmed': '#96a2ab',
    '--mantine-color-error': '#ff8a80',
    '--mantine-color-placeholder': '#87939c',
    '--mantine-color-anchor': '#76c6b9',
    '--panel': '#161b20',
    '--panel-raised': '#1e252b',
    '--line': '#29323a',
    '--good': '#63c08f',
    '--warn': '#e3b25b',
    '--warn-ground': '#2b2415',
    '--bad': '#ff8a80',
    '--bad-ground': '#331b1a',
    '--accent': '#76c6b9',
    '--accent-ground': '#17312e',
  },
})
