/** OpenTrail's accent, where AWS's console has its blue. 600 on white and 400 on the dark ground have contrast above 5:1. */
const PRIMARY = {
  50: '#f0fdfa',
  100: '#ccfbf1',
  200: '#99f6e4',
  300: '#5eead4',
  400: '#2dd4bf',
  500: '#14b8a6',
  600: '#0f766e',
  700: '#115e59',
  800: '#134e4a',
  900: '#0b403c',
  950: '#042f2e',
  1000: '#03201f',
};

/** What differs from Cloudscape's own look: see https://cloudscape.design/foundation/visual-foundation/theming/ */
export const THEME = {
  referenceTokens: { color: { primary: PRIMARY } },
  tokens: {
    fontFamilyBase: "'Open Sans', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    borderRadiusContainer: '10px',
    borderRadiusButton: '8px',
    borderRadiusInput: '6px',
    colorChartsPaletteCategorical1: { light: '#0f766e', dark: '#2dd4bf' },
  },
};

/** Cloudscape's tokens under names that style sheets of ours can use: `var(--ot-text)`. */
export const ALIASES = {
  text: 'colorTextBodyDefault',
  'text-secondary': 'colorTextBodySecondary',
  heading: 'colorTextHeadingDefault',
  link: 'colorTextLinkDefault',
  error: 'colorTextStatusError',
  warning: 'colorTextStatusWarning',
  success: 'colorTextStatusSuccess',
  page: 'colorBackgroundLayoutMain',
  container: 'colorBackgroundContainerContent',
  input: 'colorBackgroundInputDefault',
  selected: 'colorBackgroundItemSelected',
  hover: 'colorBackgroundDropdownItemHover',
  border: 'colorBorderDividerDefault',
  'border-input': 'colorBorderInputDefault',
  focus: 'colorBorderItemFocused',
  'chart-1': 'colorChartsPaletteCategorical1',
  'chart-2': 'colorChartsPaletteCategorical2',
  'chart-3': 'colorChartsPaletteCategorical3',
  'chart-error': 'colorChartsStatusHigh',
  mono: 'fontFamilyMonospace',
  radius: 'borderRadiusContainer',
} as const;
