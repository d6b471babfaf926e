/** How services print times inside parameters: by their Java version, mostly (spec: record-conventions §16). */
export type TimeStyle = 'jdk' | 'jdk8' | 'iso' | 'epoch' | 'epoch-ms' | 'offset';

export const STYLES: Readonly<Record<string, TimeStyle>> = {
  'api-gateway': 'jdk8',
  cloudfront: 'jdk8',
  docdb: 'jdk8',
  ec2: 'epoch-ms',
  eks: 'epoch',
  iam: 'jdk8',
  lambda: 'offset',
  neptune: 'jdk8',
  rds: 'jdk8',
  rolesanywhere: 'iso',
  'route-53': 'jdk8',
  route53resolver: 'iso',
  s3: 'iso',
  's3-control': 'iso',
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Oct 26, 2025, 11:50:52 PM`; in services on an old Java without the second comma. UTC. */
export function timeOf(schemaId: string, time: Date): string | number {
  const style = STYLES[schemaId] ?? 'jdk';
  if (Number.isNaN(time.getTime())) return 'Invalid Date';
  if (style === 'epoch-ms') return time.getTime();
  if (style === 'epoch') return time.getTime() / 1000;
  if (style === 'iso') return time.toISOString();
  if (style === 'offset') return time.toISOString().replace('Z', '+0000');
  const hour = time.getUTCHours();
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()}, ${time.getUTCFullYear()}${style === 'jdk' ? ',' : ''}`;
  return `${day} ${hour % 12 || 12}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
}
