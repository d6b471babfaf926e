import type { AdvancedEventSelector, AdvancedFieldSelector } from '@aws-sdk/client-cloudtrail';
import type { AdvancedSelector, FieldSelector } from '../../event/selectors.ts';
import { DATA_RESOURCE_TYPES, NETWORK_EVENT_SOURCES } from './selector-catalogue.ts';
import { quoted, refuseSelectors } from './selector-errors.ts';

/** Bounds of the API's shapes and AWS's quota of values over all selectors of a trail (spec: selectors §3). */
const VALUES_MAX = 500;
const VALUE_CHARS_MAX = 2048;
const NAME_CHARS_MAX = 1000;

const OPERATORS = ['Equals', 'StartsWith', 'EndsWith', 'NotEquals', 'NotStartsWith', 'NotEndsWith'] as const;
type Operator = (typeof OPERATORS)[number];

/** What a field may be compared with, in selectors of one category. */
interface FieldRule {
  readonly required?: true;
  readonly operators: readonly Operator[];
  /** Takes exactly one value. */
  readonly single?: true;
  /** What the values of Equals and NotEquals may be; without it, anything. */
  readonly valid?: (value: string, selector: AdvancedEventSelector) => boolean;
}

const any: FieldRule = { operators: OPERATORS };
const oneOf =
  (...values: string[]) =>
  (v: string) =>
    values.includes(v);
const EVENT_CATEGORY: FieldRule = { required: true, operators: ['Equals'], single: true };
const READ_ONLY: FieldRule = { operators: ['Equals'], single: true, valid: oneOf('true', 'false') };

/** Of trails: event data stores know further categories and fields. */
const FIELD_RULES: Readonly<Record<string, Readonly<Record<string, FieldRule>>>> = {
  Management: {
    eventCategory: EVENT_CATEGORY,
    readOnly: READ_ONLY,
    eventSource: { operators: ['NotEquals'], valid: oneOf('kms.amazonaws.com', 'rdsdata.amazonaws.com') },
  },
  Data: {
    eventCategory: EVENT_CATEGORY,
    'resources.type': {
      required: true,
      operators: ['Equals'],
      single: true,
      valid: (v) => DATA_RESOURCE_TYPES.has(v),
    },
    readOnly: READ_ONLY,
    eventSource: any,
    eventName: any,
    eventType: any,
    'resources.ARN': { operators: OPERATORS, valid: isArnOfItsType },
    sessionCredentialFromConsole: { operators: ['Equals', 'NotEquals'], single: true, valid: oneOf('true') },
    'userIdentity.arn': any,
  },
  NetworkActivity: {
    eventCategory: EVENT_CATEGORY,
    eventSource: {
      required: true,
      operators: ['Equals'],
      single: true,
      valid: (v) => NETWORK_EVENT_SOURCES.has(v),
    },
    eventName: any,
    errorCode: { operators: ['Equals'], single: true, valid: oneOf('VpceAccessDenied') },
    vpcEndpointId: any,
  },
};

/** Checks advanced selectors of a trail; what is submitted is kept in its order. @throws AwsError InvalidEventSelectorsException */
export function parseAdvancedSelectors(selectors: readonly AdvancedEventSelector[]): AdvancedSelector[] {
  if (selectors.length === 0) refuseSelectors('Specify at least one advanced event selector for your trail.');
  const values = selectors.flatMap((s) =>
    (s.FieldSelectors ?? []).flatMap((f) => OPERATORS.flatMap((o) => f[o] ?? [])),
  );
  if (values.length > VALUES_MAX) {
    refuseSelectors(
      `Specify at most ${VALUES_MAX} values for all conditions in all your advanced event selectors; there are ${values.length}.`,
    );
  }
  return selectors.map(parseSelector);
}

function parseSelector(selector: AdvancedEventSelector): AdvancedSelector {
  const name = selector.Name;
  if (name !== undefined && name.length > NAME_CHARS_MAX) {
    refuseSelectors(`The name of an advanced event selector can have at most ${NAME_CHARS_MAX} characters.`);
  }
  const fields = selector.FieldSelectors ?? [];
  const category = fields.find((f) => f.Field === 'eventCategory')?.Equals?.[0] ?? '';
  const rules = Object.hasOwn(FIELD_RULES, category) ? FIELD_RULES[category]! : unknownCategory(category);
  for (const [field, rule] of Object.entries(rules)) {
    if (rule.required && !fields.some((f) => f.Field === field)) {
      refuseSelectors(`Advanced event selectors of category ${category} must have the field ${field}.`);
    }
  }
  const seen = new Set<string>();
  for (const f of fields) {
    const field = f.Field ?? '';
    const rule = Object.hasOwn(rules, field) ? rules[field]! : undefined;
    if (!rule) refuseSelectors(`Field ${quoted(field)} is not valid for category ${category}.`);
    if (seen.has(field))
      refuseSelectors(`Field ${field} occurs twice in one selector; give all its values in one place.`);
    seen.add(field);
    checkField(field, rule, f, selector);
  }
  return { ...(name === undefined ? {} : { Name: name }), FieldSelectors: fields.map(stored) };
}

function unknownCategory(category: string): never {
  if (category === '') refuseSelectors('Advanced event selectors must have the field eventCategory, with Equals.');
  refuseSelectors(
    `Value ${quoted(category)} for eventCategory is invalid. Use one of ${Object.keys(FIELD_RULES).join(', ')} for a trail.`,
  );
}

function checkField(field: string, rule: FieldRule, f: AdvancedFieldSelector, selector: AdvancedEventSelector): void {
  const used = OPERATORS.filter((o) => f[o] !== undefined);
  if (used.length === 0) refuseSelectors(`Field ${field} must have at least one operator.`);
  for (const operator of used) {
    const values = f[operator] ?? [];
    if (!rule.operators.includes(operator)) refuseSelectors(`Operator ${operator} is not valid for field ${field}.`);
    if (values.length === 0) refuseSelectors(`Operator ${operator} of field ${field} must have at least one value.`);
    const exact = operator === 'Equals' || operator === 'NotEquals';
    for (const value of values) {
      const fits = value !== '' && value.length <= VALUE_CHARS_MAX;
      if (!fits || (exact && rule.valid?.(value, selector) === false)) {
        refuseSelectors(`Value ${quoted(value)} for field ${field} is invalid.`);
      }
    }
  }
  if (rule.single && used.reduce((n, o) => n + (f[o]?.length ?? 0), 0) !== 1) {
    refuseSelectors(`Field ${field} must have exactly one value.`);
  }
}

/** `arn:partition:service:region:account:resource`, of the service that the selector's resources.type belongs to. */
function isArnOfItsType(value: string, selector: AdvancedEventSelector): boolean {
  if (!/^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:.+$/s.test(value)) return false;
  const type = selector.FieldSelectors?.find((f) => f.Field === 'resources.type')?.Equals?.[0] ?? '';
  const form = Object.hasOwn(ARN_FORMS, type) ? ARN_FORMS[type] : undefined;
  return form?.test(value) ?? true;
}

/** Types whose exact form is known; a Lambda function's has no version or alias. */
const ARN_FORMS: Readonly<Record<string, RegExp>> = {
  'AWS::S3::Object': /^arn:aws[a-z-]*:s3:::[^/]+\/.*$/s,
  'AWS::Lambda::Function': /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,140}$/,
  'AWS::DynamoDB::Table': /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/.+$/,
};

function stored(f: AdvancedFieldSelector): FieldSelector {
  const operators = OPERATORS.flatMap((o) => (f[o] === undefined ? [] : [[o, f[o]] as const]));
  return { Field: f.Field ?? '', ...Object.fromEntries(operators) };
}
