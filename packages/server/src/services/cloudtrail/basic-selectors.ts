import type { DataResource, EventSelector } from '@aws-sdk/client-cloudtrail';
import type { BasicSelector } from '../../event/selectors.ts';
import { quoted, refuseSelectors } from './selector-errors.ts';

/** AWS's quotas (spec: selectors §2). */
const SELECTORS_MAX = 5;
const DATA_RESOURCES_MAX = 250;

const READ_WRITE_TYPES: readonly string[] = ['ReadOnly', 'WriteOnly', 'All'];
const EXCLUDABLE_SOURCES: readonly string[] = ['kms.amazonaws.com', 'rdsdata.amazonaws.com'];

interface ResourceRule {
  /** Values that mean every resource of the type; they are not counted. */
  readonly all: readonly string[];
  readonly one: RegExp;
}

/** The types that basic selectors know. A bucket's ARN must go on with `/`: all objects, or a prefix of their names. */
const RESOURCE_RULES: Readonly<Record<string, ResourceRule>> = {
  'AWS::S3::Object': {
    all: ['arn:aws:s3', 'arn:aws:s3:::'],
    one: /^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/.*$/s,
  },
  'AWS::Lambda::Function': {
    all: ['arn:aws:lambda'],
    one: /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,140}$/,
  },
  'AWS::DynamoDB::Table': {
    all: ['arn:aws:dynamodb'],
    one: /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/[A-Za-z0-9_.-]{3,255}$/,
  },
};

/** Checks basic selectors and fills in their defaults. @throws AwsError InvalidEventSelectorsException */
export function parseBasicSelectors(selectors: readonly EventSelector[]): BasicSelector[] {
  if (selectors.length < 1 || selectors.length > SELECTORS_MAX) {
    refuseSelectors(`Specify a valid number of selectors (1 to ${SELECTORS_MAX}) for your trail.`);
  }
  const parsed = selectors.map(parseBasicSelector);
  const counted = parsed.flatMap((s) => s.DataResources.flatMap((r) => r.Values.filter((v) => !isAll(r.Type, v))));
  if (counted.length > DATA_RESOURCES_MAX) {
    refuseSelectors(
      `Specify a valid number of DataResources.Values (0 to ${DATA_RESOURCES_MAX}) for all your selectors.`,
    );
  }
  return parsed;
}

function parseBasicSelector(selector: EventSelector): BasicSelector {
  const ReadWriteType = (selector.ReadWriteType ?? 'All') as BasicSelector['ReadWriteType'];
  const IncludeManagementEvents = selector.IncludeManagementEvents ?? true;
  const ExcludeManagementEventSources = selector.ExcludeManagementEventSources ?? [];
  if (!READ_WRITE_TYPES.includes(ReadWriteType)) {
    refuseSelectors(`Value ${quoted(ReadWriteType)} for ReadWriteType is invalid. Use ${READ_WRITE_TYPES.join(', ')}.`);
  }
  for (const source of ExcludeManagementEventSources) {
    if (!EXCLUDABLE_SOURCES.includes(source)) {
      refuseSelectors(
        `Value ${quoted(source)} for ExcludeManagementEventSources is invalid. Use ${EXCLUDABLE_SOURCES.join(', ')}.`,
      );
    }
  }
  const DataResources = (selector.DataResources ?? []).map(parseDataResource);
  if (!IncludeManagementEvents && DataResources.length === 0) {
    refuseSelectors(
      'Invalid combination of parameters in EventSelectors. When includeManagementEvents is false, DataResources must not be empty.',
    );
  }
  return { ReadWriteType, IncludeManagementEvents, DataResources, ExcludeManagementEventSources };
}

function parseDataResource(resource: DataResource): BasicSelector['DataResources'][number] {
  const type = resource.Type ?? '';
  const rule = Object.hasOwn(RESOURCE_RULES, type) ? RESOURCE_RULES[type] : undefined;
  if (!rule) {
    refuseSelectors(
      `Value ${quoted(type)} for DataResources.Type is invalid. Use ${Object.keys(RESOURCE_RULES).join(', ')}, or advanced event selectors for other types.`,
    );
  }
  const values = resource.Values ?? [];
  const bad = values.find((v) => !isAll(type, v) && !rule.one.test(v));
  if (bad !== undefined) refuseSelectors(`Value ${quoted(bad)} for DataResources.Values is invalid.`);
  return { Type: type, Values: values };
}

const isAll = (type: string, value: string) => RESOURCE_RULES[type]!.all.includes(value);
