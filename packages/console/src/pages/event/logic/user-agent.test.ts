import { expect, test } from 'vitest';
import { agentOf } from './user-agent.ts';

test.each([
  [
    'aws-cli/2.15.1 Python/3.11.6 Linux/5.10 exe/x86_64.amzn.2 exec-env/CloudShell prompt/off',
    'AWS CLI 2.15.1 on Linux, in CloudShell',
    'cli',
  ],
  ['aws-cli/1.11.76 Python/2.7.10 Darwin/17.7.0 botocore/1.5.39', 'AWS CLI 1.11.76 on macOS', 'cli'],
  ['[Boto3/1.26.165 Python/3.10.6 Linux/5.19.0-46-generic Botocore/1.29.165]', 'boto3 1.26.165 on Linux', 'sdk'],
  [
    'APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io) terraform-provider-aws/3.76.1 aws-sdk-go/1.42.36 (go1.16; linux; amd64)',
    'Terraform 1.1.2 on Linux',
    'tool',
  ],
  [
    'Boto3/1.26.2 Python/3.10.8 Linux/4.14.294 exec-env/AWS_Lambda_python3.10 Botocore/1.29.2',
    'boto3 1.26.2 on Linux, in Lambda',
    'sdk',
  ],
  ['[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.4]', 'S3 console', 'console'],
  ['console.ec2.amazonaws.com', 'AWS console ec2', 'console'],
  ['secretsmanager.amazonaws.com', 'AWS service secretsmanager', 'service'],
  ['AWS Internal', 'AWS itself', 'service'],
  ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0', 'Firefox 102 on Linux', 'browser'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0',
    'Edge 120 on Windows',
    'browser',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15',
    'Safari 17 on macOS',
    'browser',
  ],
  ['<img src=x onerror=alert(1)>', '<img', 'other'],
  ['my-tool/7', 'my-tool 7', 'other'],
])('%s', (userAgent, name, kind) => {
  expect(agentOf(userAgent)).toEqual({ name, kind });
});

test('none', () => expect(agentOf('  ')).toBeUndefined());
test('long and hostile ones take no time', () => {
  expect(agentOf(`Mozilla/${'Version/1 '.repeat(100_000)}`)!.name).toBe('A browser');
});
