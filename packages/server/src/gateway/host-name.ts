/** What a host name tells of the service that is called: `123456789012.s3-control.eu-west-1.amazonaws.com`. */
export interface HostName {
  /** The service's own part, as `endpointPrefix` of the catalogue: `s3-control`, `runtime.sagemaker`. */
  readonly prefix?: string;
  readonly region?: string;
  /** Whether the service stands under a name of the gateway's, which buckets do as well. */
  readonly isOwn?: boolean;
}

/** LocalStack's, which resolves to 127.0.0.1 everywhere. */
export const LOCALSTACK_SUFFIX = 'localhost.localstack.cloud';

/** AWS's own, for clients that come here by DNS or through a proxy, and LocalStack's. */
const SUFFIXES = ['.amazonaws.com', '.amazonaws.com.cn', '.api.aws', '.on.aws', `.${LOCALSTACK_SUFFIX}`];

const REGION = /^[a-z]{2}(?:-[a-z]{2,})+-\d$/;
/** What stands in a host name beside service and Region. */
const NOT_SERVICE = /^(?:dualstack|vpce|vpce-[0-9a-z-]+)$/;
/** `s3-eu-west-1`, of old, and `s3-accelerate`. */
const S3_DASHED = /^s3-(?:accelerate|([a-z]{2}(?:-[a-z]{2,})+-\d))$/;
/** SQS's first addresses: `queue.amazonaws.com`, `eu-west-1.queue.amazonaws.com`. */
const OLD_NAMES: Readonly<Record<string, string>> = { queue: 'sqs' };

/** Distinct host names that are remembered: a bucket may be in each. */
const REMEMBERED_MAX = 1_000;
/** DNS allows no longer names. */
const HOST_CHARS_MAX = 255 + ':65535'.length;

/**
 * Makes a reader of host names.
 * @param isPrefix whether a service goes by this prefix
 * @param hostSuffixes the gateway's own names: `kms.gateway.example` is KMS under `gateway.example`
 */
export function createHostReader(isPrefix: (prefix: string) => boolean, hostSuffixes: readonly string[]) {
  const own = hostSuffixes.map((suffix) => `.${suffix.toLowerCase()}`);
  const suffixes = [...own, ...SUFFIXES].sort((a, b) => b.length - a.length);
  const remembered = new Map<string, HostName>();

  function read(host: string): HostName {
    const name = `.${host.toLowerCase().replace(/:\d+$/, '')}`;
    // `s3.localhost` may itself be one of our names: under `localhost` it still says S3.
    const readings = suffixes
      .filter((suffix) => name.endsWith(suffix))
      .map((suffix) => ({ ...serviceIn(name.slice(1, -suffix.length)), isOwn: own.includes(suffix) }));
    return readings.find((found) => found.prefix !== undefined) ?? {};
  }

  function serviceIn(text: string): HostName {
    let region: string | undefined;
    const labels: string[] = [];
    for (const label of text.split('.')) {
      const dashed = S3_DASHED.exec(label);
      if (REGION.test(label)) region = label;
      else if (dashed) {
        region = dashed[1] ?? region;
        labels.push('s3');
      } else if (!NOT_SERVICE.test(label)) labels.push(OLD_NAMES[label] ?? label.replace(/^fips-|-fips$/, ''));
    }
    const prefix = labels.map((_, i) => labels.slice(i).join('.')).find(isPrefix);
    return { ...(prefix !== undefined && { prefix }), ...(region !== undefined && { region }) };
  }

  return (host: string): HostName => {
    let found = remembered.get(host);
    if (!found) {
      found = host.length > HOST_CHARS_MAX ? {} : read(host);
      if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!);
      remembered.set(host, found);
    }
    return found;
  };
}
