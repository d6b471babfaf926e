import { type LoadedConfig, settings } from '../config.ts';

/** `opentrail config show`: every setting, its value, where the value comes from, and how to set it. */
export function configTable({ config, sources }: LoadedConfig): string {
  const rows = settings.map((s) => [
    s.name,
    shown(withoutPassword(config[s.name])),
    sources[s.name],
    `${s.flag}, ${s.env}`,
  ]);
  const all = [['SETTING', 'VALUE', 'FROM', 'SET BY'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same for programs. */
export function configJson({ config, sources }: LoadedConfig): string {
  const entries = settings.map((s) => [
    s.name,
    { value: withoutPassword(config[s.name]) ?? null, from: sources[s.name] },
  ]);
  return JSON.stringify(Object.fromEntries(entries), null, 2);
}

/** Of URLs that hold one; what is shown ends up in tickets and screenshots. */
const withoutPassword = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/^([a-z]+:\/\/[^/@:]*):[^/]*@/, '$1:***@') : value;

/** Long lists are cut in the table; `--json` has them whole. */
const SHOWN_CHARS_MAX = 48;

function shown(value: unknown): string {
  if (value === undefined) return '-';
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX - 1)}…` : text;
}
