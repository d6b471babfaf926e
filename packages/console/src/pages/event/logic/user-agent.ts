import { visible } from '../../../ui/visible.ts';

/** What a user agent says in short: `AWS CLI 2.15.1 on Linux, in CloudShell`. */
export interface Agent {
  readonly name: string;
  readonly kind: 'cli' | 'sdk' | 'tool' | 'console' | 'browser' | 'service' | 'other';
}

interface Rule {
  readonly test: RegExp;
  readonly kind: Agent['kind'];
  /** With `{1}` for what the first group found. */
  readonly name: string;
}

/** The first that fits says it. Tools stand before the SDKs that they are built on, and Chrome after what pretends to be it. */
const RULES: readonly Rule[] = [
  { test: /(?:^|\[)S3Console/, kind: 'console', name: 'S3 console' },
  { test: /^console\.(?:([a-z0-9-]+)\.)?amazonaws\.com$/, kind: 'console', name: 'AWS console {1}' },
  { test: /^signin\.amazonaws\.com$/, kind: 'console', name: 'AWS sign-in' },
  { test: /^AWS Internal/, kind: 'service', name: 'AWS itself' },
  { test: /^([a-z0-9.-]+)\.amazonaws\.com$/, kind: 'service', name: 'AWS service {1}' },
  { test: /OpenTofu\/(\S+)/i, kind: 'tool', name: 'OpenTofu {1}' },
  { test: /Terraform\/(\S+)/i, kind: 'tool', name: 'Terraform {1}' },
  { test: /terraform-provider-aws\/(\S+)/i, kind: 'tool', name: 'Terraform AWS provider {1}' },
  { test: /Pulumi\/(\S+)/i, kind: 'tool', name: 'Pulumi {1}' },
  { test: /aws-cdk\/(\S+)/i, kind: 'tool', name: 'AWS CDK {1}' },
  { test: /aws-sam-cli\/(\S+)/i, kind: 'tool', name: 'AWS SAM CLI {1}' },
  { test: /Ansible\/?(\S*)/i, kind: 'tool', name: 'Ansible {1}' },
  { test: /amazon-ssm-agent\/(\d\S*)?/, kind: 'service', name: 'SSM agent {1}' },
  { test: /stratus-red-team/, kind: 'tool', name: 'Stratus Red Team' },
  { test: /opentrail(?:-console)?\/(\S+)/i, kind: 'tool', name: 'OpenTrail {1}' },
  { test: /aws-cli\/(\S+)/i, kind: 'cli', name: 'AWS CLI {1}' },
  { test: /AWSPowerShell(?:\.[A-Za-z]+)?\/(\S+)/i, kind: 'cli', name: 'AWS Tools for PowerShell {1}' },
  { test: /ec2-api-tools (\S+)/, kind: 'cli', name: 'EC2 API tools {1}' },
  { test: /aws-internal\//, kind: 'console', name: 'AWS console’s own server' },
  { test: /Boto3\/(\S+)/i, kind: 'sdk', name: 'boto3 {1}' },
  { test: /Botocore\/(\S+)/i, kind: 'sdk', name: 'botocore {1}' },
  { test: /aws-sdk-go-v2\/(\S+)/, kind: 'sdk', name: 'AWS SDK for Go {1}' },
  { test: /aws-sdk-go\/(\S+)/, kind: 'sdk', name: 'AWS SDK for Go {1}' },
  { test: /aws-sdk-(?:js|nodejs)\/(\S+)/, kind: 'sdk', name: 'AWS SDK for JavaScript {1}' },
  { test: /aws-sdk-java\/(\S+)/, kind: 'sdk', name: 'AWS SDK for Java {1}' },
  { test: /aws-sdk-kotlin\/(\S+)/, kind: 'sdk', name: 'AWS SDK for Kotlin {1}' },
  { test: /aws-sdk-dotnet[^/ ]*[/ ](\S+)/, kind: 'sdk', name: 'AWS SDK for .NET {1}' },
  { test: /aws-sdk-rust\/(\S+)/, kind: 'sdk', name: 'AWS SDK for Rust {1}' },
  { test: /aws-sdk-ruby\d?\/(\S+)/, kind: 'sdk', name: 'AWS SDK for Ruby {1}' },
  { test: /aws-sdk-php\/(\S+)/, kind: 'sdk', name: 'AWS SDK for PHP {1}' },
  { test: /aws-sdk-cpp\/(\S+)/, kind: 'sdk', name: 'AWS SDK for C++ {1}' },
  { test: /aws-sdk-swift\/(\S+)/, kind: 'sdk', name: 'AWS SDK for Swift {1}' },
  { test: /^Mozilla\/.*Edg[A-Za-z]*\/(\d+)/, kind: 'browser', name: 'Edge {1}' },
  { test: /^Mozilla\/.*OPR\/(\d+)/, kind: 'browser', name: 'Opera {1}' },
  { test: /^Mozilla\/.*Firefox\/(\d+)/, kind: 'browser', name: 'Firefox {1}' },
  { test: /^Mozilla\/.*Chrom(?:e|ium)\/(\d+)/, kind: 'browser', name: 'Chrome {1}' },
  { test: /^Mozilla\/.*Version\/(\d+).*Safari/, kind: 'browser', name: 'Safari {1}' },
  { test: /^Mozilla\//, kind: 'browser', name: 'A browser' },
  { test: /^curl\/(\S+)/, kind: 'tool', name: 'curl {1}' },
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/i, 'Windows'],
  [/Macintosh|Darwin|os\/macos|; ?darwin/i, 'macOS'],
  [/Linux/i, 'Linux'],
];

const PLACES: readonly (readonly [RegExp, string])[] = [
  [/exec-env\/CloudShell/, 'CloudShell'],
  [/exec-env\/AWS_Lambda/, 'Lambda'],
  [/exec-env\/AWS_ECS/, 'ECS'],
  [/exec-env\/EC2/, 'EC2'],
  [/exec-env\/GitHub|github-?actions/i, 'GitHub Actions'],
];

/** A record's userAgent is at most 1 KB; more is not looked at. */
const CHARS_MAX = 1024;

/** @returns undefined when the record has none */
export function agentOf(userAgent: string): Agent | undefined {
  const text = userAgent.slice(0, CHARS_MAX).trim();
  if (text === '') return undefined;
  for (const { test, kind, name } of RULES) {
    const found = test.exec(text);
    if (found) return { kind, name: visible(withSurroundings(fillName(name, found[1] ?? ''), kind, text)) };
  }
  const first = text.replace(/^\[|\]$/g, '').split(/[\s;]/)[0]!;
  return { kind: 'other', name: visible(first.replace('/', ' '), NAME_CHARS_MAX) };
}

const NAME_CHARS_MAX = 60;
/** Versions: `2.15.1`, `v0.3-beta`; of what follows nothing. */
const fillName = (name: string, found: string): string =>
  name.replace('{1}', /^[\w.-]*/.exec(found)![0].slice(0, 40)).trim();

function withSurroundings(name: string, kind: Agent['kind'], text: string): string {
  if (kind === 'service' || kind === 'console') return name;
  const system = SYSTEMS.find(([test]) => test.test(text))?.[1];
  const place = PLACES.find(([test]) => test.test(text))?.[1];
  return [name, system && ` on ${system}`, place && `, in ${place}`].filter(Boolean).join('');
}
