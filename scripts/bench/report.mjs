import { readFileSync, writeFileSync } from 'node:fs';

const HEADINGS = ['figure', 'measured', 'ratio', 'target', 'met'];

/** The figures of a run as a table in Markdown, readable as it is. */
export function table(figures) {
  const rows = [HEADINGS, ...figures.map(rowOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = rows.map(line);
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}

function rowOf({ name, value, unit, ratio, ratioTo, ratioToZlib, target, atMost, atLeast, met, skipped }) {
  const measured = `${value.toLocaleString('en-US')} ${unit}`;
  if (ratio !== undefined) {
    const also = ratioToZlib === undefined ? '' : `, ${ratioToZlib} × zlib`;
    return [name, measured, `${ratio} × ${ratioTo}${also}`, `≥ ${target} × ${ratioTo}`, yesOrNo(met)];
  }
  if (atMost !== undefined) {
    return [name, measured, `${(value / atMost).toFixed(2)} of it`, `≤ ${atMost} ${unit}`, yesOrNo(met)];
  }
  if (atLeast !== undefined) {
    const promised = `≥ ${atLeast.toLocaleString('en-US')} ${unit}`;
    return [name, measured, `${(value / atLeast).toFixed(2)} of it`, promised, yesOrNo(met)];
  }
  return [name, measured, '', '', skipped ?? ''];
}

const yesOrNo = (met) => (met ? 'yes' : '**no**');

/** What the figures were measured on, in one line. */
export const machineLine = (m) =>
  `${m.cores} cores of ${m.cpu}, ${m.memoryGb} GB, ${m.kernel}, Node ${m.node}, fdatasync ${m.fdatasyncMs} ms, load before the run ${m.loadAverage}, ${m.at}`;

/** How the run departed from the full one, if it did. */
export const reductionLine = ({ events, seconds, only }, full) =>
  [
    ...(events < full.events ? [`${events} events instead of ${full.events}`] : []),
    ...(seconds < full.seconds ? [`${seconds} s instead of ${full.seconds}`] : []),
    ...(only.length < full.only.length ? [`only ${only.join(', ')}`] : []),
  ].join('; ');

const DOCS = new URL('../../docs/benchmarks.md', import.meta.url);
const [BEGIN, END] = ['<!-- begin: npm run bench -- --docs -->', '<!-- end -->'];

/** Puts a run's text between the markers of docs/benchmarks.md. */
export function writeDocs(text) {
  const page = readFileSync(DOCS, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/benchmarks.md has lost its markers ${BEGIN} and ${END}`);
  writeFileSync(DOCS, `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`);
}
