/** Event selectors in the shapes of the API, what may stand in them (CloudTrail's API reference), and how forms edit them. */
export type ReadWriteType = 'All' | 'ReadOnly' | 'WriteOnly';

export interface BasicSelector {
  readonly ReadWriteType?: ReadWriteType;
  readonly IncludeManagementEvents?: boolean;
  readonly DataResources?: readonly { readonly Type: string; readonly Values: readonly string[] }[];
  readonly ExcludeManagementEventSources?: readonly string[];
}

export const OPERATORS = ['Equals', 'StartsWith', 'EndsWith', 'NotEquals', 'NotStartsWith', 'NotEndsWith'] as const;
export type Operator = (typeof OPERATORS)[number];

export type FieldSelector = { readonly Field: string } & { readonly [O in Operator]?: readonly string[] };

export interface AdvancedSelector {
  readonly Name?: string;
  readonly FieldSelectors: readonly FieldSelector[];
}

export interface Selectors {
  readonly kind: 'basic' | 'advanced';
  readonly basic: readonly BasicSelector[];
  readonly advanced: readonly AdvancedSelector[];
}

export const CATEGORIES = ['Management', 'Data', 'NetworkActivity'] as const;
export type Category = (typeof CATEGORIES)[number];
export const CATEGORY_TEXTS: Readonly<Record<Category, string>> = {
  Management: 'Management events',
  Data: 'Data events',
  NetworkActivity: 'Network activity events',
};

export const EXCLUDABLE_SOURCES = ['kms.amazonaws.com', 'rdsdata.amazonaws.com'] as const;

interface FieldRule {
  readonly operators: readonly Operator[];
  /** All that the values may be. */
  readonly values?: readonly string[];
  /** Takes exactly one value. */
  readonly single?: true;
}

const ANY: FieldRule = { operators: OPERATORS };
const READ_ONLY: FieldRule = { operators: ['Equals'], single: true, values: ['true', 'false'] };

/** The fields that a trail's selectors of a category may have, besides the category itself. */
export const FIELDS: Readonly<Record<Category, Readonly<Record<string, FieldRule>>>> = {
  Management: { readOnly: READ_ONLY, eventSource: { operators: ['NotEquals'], values: EXCLUDABLE_SOURCES } },
  Data: {
    'resources.type': { operators: ['Equals'], single: true },
    'resources.ARN': ANY,
    readOnly: READ_ONLY,
    eventName: ANY,
    eventSource: ANY,
    eventType: ANY,
    'userIdentity.arn': ANY,
    sessionCredentialFromConsole: { operators: ['Equals', 'NotEquals'], single: true, values: ['true'] },
  },
  NetworkActivity: {
    eventSource: { operators: ['Equals'], single: true },
    eventName: ANY,
    errorCode: { operators: ['Equals'], single: true, values: ['VpceAccessDenied'] },
    vpcEndpointId: ANY,
  },
};

/** The field without which selectors of a category are refused. */
export const REQUIRED_FIELD: Readonly<Partial<Record<Category, string>>> = {
  Data: 'resources.type',
  NetworkActivity: 'eventSource',
};

/** Types that are chosen most; every other that CloudTrail knows may be typed. */
export const RESOURCE_TYPES = [
  'AWS::S3::Object',
  'AWS::Lambda::Function',
  'AWS::DynamoDB::Table',
  'AWS::S3::AccessPoint',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::Kinesis::Stream',
  'AWS::Events::EventBus',
  'AWS::StepFunctions::StateMachine',
  'AWS::Cognito::IdentityPool',
  'AWS::Bedrock::Model',
  'AWS::CloudTrail::Channel',
] as const;

/** The types that basic selectors know, and the value that means all of one. */
export const BASIC_TYPES: Readonly<
  Record<string, { readonly text: string; readonly all: string; readonly example: string }>
> = {
  'AWS::S3::Object': { text: 'S3 objects', all: 'arn:aws:s3', example: 'arn:aws:s3:::bucket/prefix' },
  'AWS::Lambda::Function': {
    text: 'Lambda functions',
    all: 'arn:aws:lambda',
    example: 'arn:aws:lambda:us-east-1:123456789012:function:name',
  },
  'AWS::DynamoDB::Table': {
    text: 'DynamoDB tables',
    all: 'arn:aws:dynamodb',
    example: 'arn:aws:dynamodb:us-east-1:123456789012:table/name',
  },
};

export const DEFAULT_BASIC: BasicSelector = {
  ReadWriteType: 'All',
  IncludeManagementEvents: true,
  DataResources: [],
  ExcludeManagementEventSources: [],
};

export const newAdvanced = (category: Category): AdvancedSelector => ({
  FieldSelectors: [
    { Field: 'eventCategory', Equals: [category] },
    ...(category === 'Data' ? [{ Field: 'resources.type', Equals: ['AWS::S3::Object'] }] : []),
    ...(category === 'NetworkActivity' ? [{ Field: 'eventSource', Equals: ['s3.amazonaws.com'] }] : []),
  ],
});

export const DEFAULT_SELECTORS: Selectors = {
  kind: 'basic',
  basic: [DEFAULT_BASIC],
  advanced: [newAdvanced('Management')],
};

/** As GetEventSelectors answers. */
export interface SelectorsAnswer {
  readonly EventSelectors?: readonly BasicSelector[];
  readonly AdvancedEventSelectors?: readonly AdvancedSelector[];
}

export function selectorsOf({ EventSelectors: basic, AdvancedEventSelectors: advanced }: SelectorsAnswer): Selectors {
  if (advanced !== undefined && advanced.length > 0) return { ...DEFAULT_SELECTORS, kind: 'advanced', advanced };
  return { ...DEFAULT_SELECTORS, basic: basic ?? DEFAULT_SELECTORS.basic };
}

/** As PutEventSelectors and TestEventSelectors take them. */
export const selectorsInput = ({ kind, basic, advanced }: Selectors): SelectorsAnswer =>
  kind === 'basic'
    ? { EventSelectors: basic.map(withoutEmptyResources) }
    : { AdvancedEventSelectors: advanced.map(withoutEmptyValues) };

/** A line that is being begun is a value without text in a form, and none for CloudTrail. */
const filled = (values: readonly string[]): readonly string[] => values.filter((value) => value !== '');

const withoutEmptyResources = (selector: BasicSelector): BasicSelector => ({
  ...selector,
  ...(selector.DataResources && {
    DataResources: selector.DataResources.map((resource) => ({ ...resource, Values: filled(resource.Values) })),
  }),
});

const withoutEmptyValues = (selector: AdvancedSelector): AdvancedSelector => ({
  ...selector,
  FieldSelectors: selector.FieldSelectors.map((field) => ({
    ...field,
    ...Object.fromEntries(OPERATORS.flatMap((o) => (field[o] === undefined ? [] : [[o, filled(field[o])]]))),
  })),
});

export const sameSelectors = (a: Selectors, b: Selectors): boolean =>
  JSON.stringify(selectorsInput(a)) === JSON.stringify(selectorsInput(b));

/** A condition as a form shows it: one field, one operator. */
export interface Condition {
  readonly field: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export const categoryOf = ({ FieldSelectors }: AdvancedSelector): Category | undefined => {
  const named = FieldSelectors.find(({ Field }) => Field === 'eventCategory')?.Equals?.[0];
  return CATEGORIES.find((category) => category === named);
};

/** All but the category. */
export const conditionsOf = ({ FieldSelectors }: AdvancedSelector): Condition[] =>
  FieldSelectors.filter(({ Field }) => Field !== 'eventCategory').flatMap((selector) =>
    OPERATORS.flatMap((operator) => {
      const values = selector[operator];
      return values === undefined ? [] : [{ field: selector.Field, operator, values }];
    }),
  );

/** The selector of these conditions: those of one field come together, as the API wants them. */
export function advancedOf(
  name: string | undefined,
  category: Category,
  conditions: readonly Condition[],
): AdvancedSelector {
  const byField = new Map<string, { [O in Operator]?: string[] }>();
  for (const { field, operator, values } of conditions) {
    const selector = byField.get(field) ?? {};
    selector[operator] = [...(selector[operator] ?? []), ...values];
    byField.set(field, selector);
  }
  return {
    ...(name ? { Name: name } : {}),
    FieldSelectors: [
      { Field: 'eventCategory', Equals: [category] },
      ...[...byField].map(([Field, operators]) => ({ Field, ...operators })),
    ],
  };
}

/** What is plainly missing; what else may be wrong CloudTrail itself says, in its own words. */
export function selectorsProblem({ kind, basic, advanced }: Selectors): string | undefined {
  if (kind === 'basic') return basic.length === 0 ? 'Add at least one selector.' : undefined;
  if (advanced.length === 0) return 'Add at least one selector.';
  for (const selector of advanced) {
    const category = categoryOf(selector);
    if (!category) return 'Each selector must have the field eventCategory.';
    const conditions = conditionsOf(selector);
    const required = REQUIRED_FIELD[category];
    if (required && !conditions.some(({ field }) => field === required))
      return `Selectors of ${CATEGORY_TEXTS[category].toLowerCase()} must have the field ${required}.`;
    const empty = conditions.find(({ values }) => values.every((value) => value === ''));
    if (empty) return `The condition on ${empty.field} has no value.`;
  }
  return undefined;
}

/** @returns the selectors of a text of JSON: either list, or what PutEventSelectors takes @throws Error that says what is wrong */
export function parseSelectors(text: string): Selectors {
  const value = JSON.parse(text) as unknown;
  const list = Array.isArray(value) ? value : undefined;
  const { EventSelectors = undefined, AdvancedEventSelectors = undefined } = (
    list ? {} : Object(value)
  ) as SelectorsAnswer;
  const isAdvanced =
    AdvancedEventSelectors !== undefined || list?.some((one) => Object.hasOwn(Object(one), 'FieldSelectors'));
  const selectors = list ?? AdvancedEventSelectors ?? EventSelectors;
  if (
    !Array.isArray(selectors) ||
    selectors.length === 0 ||
    !selectors.every((one) => Object(one) === one && !Array.isArray(one))
  )
    throw new Error('Give a list of selectors, such as [{"ReadWriteType": "All", "IncludeManagementEvents": true}].');
  if (!isAdvanced) return { ...DEFAULT_SELECTORS, kind: 'basic', basic: selectors as readonly BasicSelector[] };
  const whole = (selectors as readonly AdvancedSelector[]).every(
    ({ FieldSelectors }) =>
      Array.isArray(FieldSelectors) &&
      FieldSelectors.every(
        (f) => typeof f?.Field === 'string' && OPERATORS.every((o) => f[o] === undefined || isTexts(f[o])),
      ),
  );
  if (!whole)
    throw new Error(
      'Each advanced selector must have FieldSelectors: [{"Field": "eventCategory", "Equals": ["Management"]}].',
    );
  return { ...DEFAULT_SELECTORS, kind: 'advanced', advanced: selectors as readonly AdvancedSelector[] };
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string');

const OPERATOR_TEXTS: Readonly<Record<Operator, string>> = {
  Equals: 'is',
  StartsWith: 'starts with',
  EndsWith: 'ends with',
  NotEquals: 'is not',
  NotStartsWith: 'does not start with',
  NotEndsWith: 'does not end with',
};
export const operatorText = (operator: Operator): string => OPERATOR_TEXTS[operator];

/** What selectors log, each in a line for people. */
export function selectorLines(selectors: Selectors): string[] {
  return selectors.kind === 'basic' ? selectors.basic.flatMap(basicLines) : selectors.advanced.map(advancedLine);
}

const ACCESS: Readonly<Record<ReadWriteType, string>> = {
  All: 'reads and writes',
  ReadOnly: 'reads',
  WriteOnly: 'writes',
};

function basicLines(selector: BasicSelector): string[] {
  const access = ACCESS[selector.ReadWriteType ?? 'All'] ?? 'reads and writes';
  const excluded = selector.ExcludeManagementEventSources ?? [];
  const data = (selector.DataResources ?? []).filter(({ Values }) => Values.length > 0);
  return [
    ...((selector.IncludeManagementEvents ?? true)
      ? [`Management events: ${access}${excluded.length > 0 ? `, without ${excluded.join(' and ')}` : ''}`]
      : []),
    ...data.map(({ Type, Values }) => {
      const known = BASIC_TYPES[Type];
      const all = known !== undefined && Values.some((value) => value === known.all || value === `${known.all}:::`);
      return `${known?.text ?? Type}: ${access} of ${all ? 'all' : Values.join(', ')}`;
    }),
  ];
}

function advancedLine(selector: AdvancedSelector): string {
  const category = categoryOf(selector);
  const conditions = conditionsOf(selector).map(
    ({ field, operator, values }) => `${field} ${operatorText(operator)} ${values.join(' or ')}`,
  );
  const what = category ? CATEGORY_TEXTS[category] : 'Events';
  const name = selector.Name ? `${selector.Name}: ` : '';
  return `${name}${what}${conditions.length > 0 ? ` where ${conditions.join(' and ')}` : ''}`;
}
