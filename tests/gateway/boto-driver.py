# Makes the calls that it reads from standard input, one JSON object a line, with boto3, and answers each with a line.
# {"service", "operation", "params", "region"?, "key"?: [id, secret, token], "userAgent"?, "unchecked"?}: bytes are
# {"$bytes": base64} both ways.
import base64, datetime, json, os, re, socket, sys
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ['AWS_ENDPOINT_URL']

# S3 Control puts the account before the host, whatever the endpoint: `123456789012.127.0.0.1` is here too.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **kw: resolve(re.sub(r'^\d{12}\.', '', host), *rest, **kw)

clients = {}


def client(service, region, key, user_agent, checked):
    name = (service, region, tuple(key), user_agent, checked)
    if name not in clients:
        clients[name] = boto3.client(
            service,
            endpoint_url=ENDPOINT,
            region_name=region,
            aws_access_key_id=key[0],
            aws_secret_access_key=key[1],
            aws_session_token=key[2] if len(key) > 2 else None,
            config=Config(retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'}, read_timeout=30,
                          inject_host_prefix=False, user_agent=user_agent, parameter_validation=checked),
        )
    return clients[name]


def given(value):
    if isinstance(value, dict):
        if '$bytes' in value:
            return base64.b64decode(value['$bytes'])
        return {k: given(v) for k, v in value.items()}
    return [given(v) for v in value] if isinstance(value, list) else value


def shown(value):
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(v) for v in value]
    if isinstance(value, (bytes, bytearray)):
        return {'$bytes': base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {'$time': value.timestamp()}
    if hasattr(value, 'read'):
        return {'$bytes': base64.b64encode(value.read()).decode()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def method(service_client, operation):
    for name, api_name in service_client.meta.method_to_api_mapping.items():
        if api_name == operation:
            return getattr(service_client, name)
    raise AttributeError(f'this boto3 has no operation {operation}')


for line in sys.stdin:
    call = json.loads(line)
    try:
        c = client(call['service'], call.get('region', 'us-east-1'), call.get('key', ['AKIAALICE00000000000', 'secret']),
                   call.get('userAgent'), not call.get('unchecked'))
        answer = {'response': shown(method(c, call['operation'])(**given(call['params'])))}
    except ClientError as error:
        answer = {'error': {'code': error.response['Error'].get('Code', ''), 'message': error.response['Error'].get('Message', ''),
                            'requestId': error.response['ResponseMetadata'].get('RequestId')}}
    except Exception as error:  # a case written wrong: the test says which
        answer = {'fault': f'{type(error).__name__}: {error}'}
    print(json.dumps(answer), flush=True)
