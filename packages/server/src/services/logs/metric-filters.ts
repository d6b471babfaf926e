import {
  compileExtractedValues,
  compileExtraction,
  compileFilterPattern,
  filterEvent,
  parseFilterPattern,
} from '../../event/filter-pattern/index.ts';
import type { Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid, logsError, notFound, readingPattern, unsupported } from './errors.ts';
import { type Groups, placeOf } from './group-store.ts';
import { type Group, groupsPrefix, type MetricFilter, type Transformation } from './model.ts';
import { pageOf } from './pages.ts';

interface PutInput {
  readonly logGroupName: string;
  readonly filterName: string;
  readonly filterPattern: string;
  readonly metricTransformations: readonly Transformation[];
  readonly applyOnTransformedLogs?: boolean;
  readonly fieldSelectionCriteria?: string;
  readonly emitSystemFieldDimensions?: readonly string[];
}

/** AWS's quotas. */
const FILTERS_MAX = 100;
const DIMENSIONS_MAX = 3;

/** @param changed told of a group whose filters have changed */
export function createMetricFilterHandlers(
  { store, clock, state }: Pick<LogsDeps, 'store' | 'clock' | 'state'>,
  groups: Groups,
  changed: (group: Group) => void,
): Record<string, Handler> {
  return {
    PutMetricFilter: async (context, input: PutInput) => {
      if (input.applyOnTransformedLogs) throw unsupported('log transformers (applyOnTransformedLogs)');
      if (input.fieldSelectionCriteria) throw unsupported('fieldSelectionCriteria');
      if (input.emitSystemFieldDimensions?.length) throw unsupported('emitSystemFieldDimensions');
      const { filterName: name, filterPattern: pattern, metricTransformations: transformations } = input;
      for (const one of transformations) checkTransformation(pattern, one);
      const { id } = (await groups.find(placeOf(context), input.logGroupName)).value;
      const made: MetricFilter = { name, pattern, transformations, createdMs: clock.now(), from: await store.end(id) };
      const group = await groups.change(placeOf(context), input.logGroupName, (known) => {
        const others = known.metricFilters.filter((filter) => filter.name !== name);
        if (others.length >= FILTERS_MAX) throw logsError('LimitExceededException', 'Resource limit exceeded.');
        return { ...known, metricFilters: [...others, made].sort(byName) };
      });
      changed(group);
      return {};
    },
    DeleteMetricFilter: async (context, input: { readonly logGroupName: string; readonly filterName: string }) => {
      const group = await groups.change(placeOf(context), input.logGroupName, (known) => {
        const metricFilters = known.metricFilters.filter(({ name }) => name !== input.filterName);
        if (metricFilters.length === known.metricFilters.length) throw notFound('metric filter');
        return { ...known, metricFilters };
      });
      changed(group);
      return {};
    },
    DescribeMetricFilters: async (
      context,
      input: {
        readonly logGroupName?: string;
        readonly filterNamePrefix?: string;
        readonly metricName?: string;
        readonly metricNamespace?: string;
        readonly nextToken?: string;
        readonly limit?: number;
      },
    ) => {
      const { logGroupName, filterNamePrefix: prefix = '', metricName, metricNamespace } = input;
      if ((metricName === undefined) !== (metricNamespace === undefined)) {
        throw invalid('metricName and metricNamespace must be given together.');
      }
      const place = placeOf(context);
      const searched =
        logGroupName === undefined
          ? (await state.list<Group>(groupsPrefix(place))).map(({ value }) => value)
          : [(await groups.find(place, logGroupName)).value];
      const found = searched
        .flatMap((group) => group.metricFilters.map((filter) => ({ group, filter })))
        .filter(({ filter }) => filter.name.startsWith(prefix))
        .filter(
          ({ filter }) =>
            metricName === undefined ||
            filter.transformations.some((t) => t.metricName === metricName && t.metricNamespace === metricNamespace),
        )
        .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
      const listed = [
        'DescribeMetricFilters',
        logGroupName ?? null,
        prefix,
        metricName ?? null,
        metricNamespace ?? null,
      ];
      const { page, nextToken } = pageOf(found, orderOf, input, listed);
      return {
        metricFilters: page.map(({ group, filter }) => ({
          filterName: filter.name,
          filterPattern: filter.pattern,
          metricTransformations: filter.transformations,
          creationTime: filter.createdMs,
          logGroupName: group.name,
          applyOnTransformedLogs: false,
        })),
        ...(nextToken && { nextToken }),
      };
    },
    TestMetricFilter: async (
      _context,
      input: { readonly filterPattern: string; readonly logEventMessages: readonly string[] },
    ) => {
      const { matches, extract } = readingPattern(() => {
        const pattern = parseFilterPattern(input.filterPattern);
        return { matches: compileFilterPattern(pattern), extract: compileExtractedValues(pattern) };
      });
      const found = input.logEventMessages.flatMap((message, i) => {
        const event = filterEvent(message);
        if (!matches(event)) return [];
        return [{ eventNumber: i + 1, eventMessage: message, extractedValues: extract(event) }];
      });
      return { matches: found };
    },
  };
}

const byName = (a: MetricFilter, b: MetricFilter) => (a.name < b.name ? -1 : 1);
const orderOf = ({ group, filter }: { readonly group: Group; readonly filter: MetricFilter }): string =>
  `${filter.name}\u0000${group.name}`;

/** @throws AwsError InvalidParameterException */
function checkTransformation(pattern: string, { metricValue, dimensions = {}, defaultValue }: Transformation): void {
  const references = Object.entries(dimensions);
  if (references.length > DIMENSIONS_MAX) throw invalid(`A metric has at most ${DIMENSIONS_MAX} dimensions.`);
  if (references.length > 0 && defaultValue !== undefined) {
    throw invalid('Invalid metric transformation: default value and dimensions cannot both be given.');
  }
  readingPattern(() => {
    const parsed = parseFilterPattern(pattern);
    if (Number.isNaN(Number(metricValue))) {
      if (!metricValue.startsWith('$'))
        throw invalid(
          'Invalid metric transformation: metricValue must be a number or a field of the pattern, such as $.size or $bytes.',
        );
      compileExtraction(metricValue, parsed);
    }
    for (const [name, reference] of references) {
      if (name === '' || name.length > 255 || reference.length > 255)
        throw invalid('A dimension has 1 to 255 characters.');
      compileExtraction(reference, parsed);
    }
  });
}
