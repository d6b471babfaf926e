import type { TreePath } from './rows.ts';

/** `requestParameters.items[0].id`; members with other characters as `['a.b']`. */
export function printPath(path: TreePath): string {
  return path
    .map((step, i) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(step)) return `['${step.replace(/['\\]/g, '\\$&')}']`;
      return i === 0 ? step : `.${step}`;
    })
    .join('');
}
