"""Starts moto_server, asks it this and that with boto3, and prints what it answered and what boto3 read there.

One line of JSON for each call: service, operation, protocol, status, headers, body (base64) and parsed.
"""

import base64
import datetime
import io
import json
import logging
import sys
import zipfile

import boto3
import botocore.exceptions
import botocore.model
from botocore.config import Config
from moto.server import ThreadedMotoServer


def plain(value):
    if isinstance(value, datetime.datetime):
        return {"$date": int(value.timestamp() * 1000)}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": bytes(value).hex()}
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else None


def show(service, client):
    def seen(response_dict, parsed_response, context, event_name, **_):
        body = response_dict["body"]
        line = {
            "service": service,
            "operation": event_name.split(".")[-1],
            "protocol": client.meta.service_model.resolved_protocol,
            "status": response_dict["status_code"],
            "headers": {name.lower(): value for name, value in response_dict["headers"].items()},
            "body": base64.b64encode(body if isinstance(body, bytes) else b"").decode(),
            "parsed": plain(parsed_response),
        }
        print(json.dumps(line))

    client.meta.events.register("response-received.*.*", seen)
    return client


PROTOCOLS = botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
endpoint = "http://%s:%d" % server.get_host_and_port()


def client(service, protocol=None):
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = [protocol] if protocol else PROTOCOLS
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    made = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="x",
        config=config,
    )
    assert protocol in (None, made.meta.service_model.resolved_protocol)
    return show(service, made)


def fails(call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.ClientError:
        return
    raise AssertionError("it should have failed")


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def s3():
    c = client("s3")
    c.create_bucket(Bucket="one", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    c.get_bucket_location(Bucket="one")
    c.put_bucket_tagging(Bucket="one", Tagging={"TagSet": [{"Key": "a<&>\"'", "Value": " ü\n"}]})
    c.get_bucket_tagging(Bucket="one")
    c.put_bucket_policy(Bucket="one", Policy='{"Version":"2012-10-17","Statement":[]}')
    c.get_bucket_policy(Bucket="one")
    c.get_bucket_acl(Bucket="one")
    c.put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Enabled"})
    c.get_bucket_versioning(Bucket="one")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "p"}, "Expiration": {"Days": 3}}
    c.put_bucket_lifecycle_configuration(Bucket="one", LifecycleConfiguration={"Rules": [rule]})
    c.get_bucket_lifecycle_configuration(Bucket="one")
    c.put_object(Bucket="one", Key="a b&<c>", Body=b"hello", Metadata={"m": "n"}, ServerSideEncryption="AES256")
    c.head_object(Bucket="one", Key="a b&<c>")
    c.get_object(Bucket="one", Key="a b&<c>")["Body"].read()
    c.copy_object(Bucket="one", Key="copy", CopySource={"Bucket": "one", "Key": "a b&<c>"})
    c.list_objects_v2(Bucket="one", MaxKeys=1)
    c.list_object_versions(Bucket="one")
    upload = c.create_multipart_upload(Bucket="one", Key="parts")["UploadId"]
    tag = c.upload_part(Bucket="one", Key="parts", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    c.list_parts(Bucket="one", Key="parts", UploadId=upload)
    c.complete_multipart_upload(
        Bucket="one", Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]}
    )
    c.delete_objects(Bucket="one", Delete={"Objects": [{"Key": "copy"}, {"Key": "none"}]})
    c.delete_object(Bucket="one", Key="parts")
    c.list_buckets()
    fails(c.get_object, Bucket="one", Key="none")
    fails(c.head_object, Bucket="one", Key="none")
    fails(c.head_bucket, Bucket="none")
    fails(c.get_bucket_cors, Bucket="one")
    fails(c.delete_bucket, Bucket="one")


def ec2():
    c = client("ec2")
    vpc = c.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = c.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = c.create_security_group(GroupName="g", Description="d & <d>", VpcId=vpc)["GroupId"]
    c.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=1, ToPort=2, CidrIp="0.0.0.0/0")
    image = c.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["amzn2*"]}])["Images"][0]
    run = c.run_instances(ImageId=image["ImageId"], MinCount=2, MaxCount=2, SubnetId=subnet, SecurityGroupIds=[group])
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    c.create_tags(Resources=ids, Tags=[{"Key": "k", "Value": ""}])
    c.describe_instances(InstanceIds=ids)
    c.describe_instance_attribute(InstanceId=ids[0], Attribute="disableApiTermination")
    c.terminate_instances(InstanceIds=ids[:1])
    c.allocate_address(Domain="vpc")
    c.create_volume(AvailabilityZone="us-east-1a", Size=3)
    c.create_key_pair(KeyName="k")
    c.describe_security_groups(GroupIds=[group])
    c.get_password_data(InstanceId=ids[1])
    fails(c.describe_instances, InstanceIds=["i-none"])
    fails(c.delete_vpc, VpcId="vpc-none")


def iam():
    c = client("iam")
    c.create_user(UserName="u", Path="/a/", Tags=[{"Key": "k", "Value": "v"}])
    c.create_access_key(UserName="u")
    c.create_role(RoleName="r", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"), Description="d<&>")
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    policy = c.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    c.attach_role_policy(RoleName="r", PolicyArn=policy)
    c.list_attached_role_policies(RoleName="r")
    c.get_role(RoleName="r")
    c.create_virtual_mfa_device(VirtualMFADeviceName="m")
    c.create_login_profile(UserName="u", Password="x")
    c.get_account_summary()
    c.list_users()
    fails(c.get_user, UserName="none")
    fails(c.create_user, UserName="u")
    c = client("sts")
    c.get_caller_identity()
    c.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session", DurationSeconds=900)
    c.get_session_token()
    c.get_federation_token(Name="fed")


def dynamodb():
    c = client("dynamodb")
    table = {
        "TableName": "t",
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    c.create_table(**table)
    item = {"a": {"S": "x"}, "b": {"B": b"\0\1"}, "c": {"L": [{"N": "1"}, {"M": {"d": {"NULL": True}}}]}}
    c.put_item(TableName="t", Item=item)
    c.get_item(TableName="t", Key={"a": {"S": "x"}})
    c.describe_table(TableName="t")
    fails(c.create_table, **table)
    fails(c.get_item, TableName="none", Key={"a": {"S": "x"}})


def functions():
    c = client("lambda")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", "def handler(event, context): return 1")
    c.create_function(
        FunctionName="f",
        Role="arn:aws:iam::123456789012:role/r",
        Runtime="python3.11",
        Handler="f.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {"A": "b"}},
        Tags={"k": "v"},
    )
    c.get_function(FunctionName="f")
    c.add_permission(FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    c.publish_version(FunctionName="f")
    c.list_functions()
    c.delete_function(FunctionName="f")
    fails(c.get_function, FunctionName="none")


def others():
    c = client("sqs")
    url = c.create_queue(QueueName="q")["QueueUrl"]
    c.send_message(QueueUrl=url, MessageBody="b")
    c.receive_message(QueueUrl=url)
    c.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    fails(c.get_queue_url, QueueName="none")
    c = client("cloudtrail")
    c.create_trail(Name="trail", S3BucketName="one")
    c.start_logging(Name="trail")
    c.get_trail_status(Name="trail")
    c.describe_trails()
    fails(c.get_trail, Name="none")
    for protocol in ("json", "query"):  # moto does not speak smithy-rpc-v2-cbor
        c = client("cloudwatch", protocol)
        c.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.5}])
        c.list_metrics()
        c.put_metric_alarm(
            AlarmName="a", ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, MetricName="m", Threshold=0.5
        )
        c.describe_alarms()
        fails(c.get_dashboard, DashboardName="none")


for part in (s3, iam, ec2, dynamodb, functions, others):
    part()
    sys.stdout.flush()
server.stop()
