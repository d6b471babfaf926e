"""Calls that boto3 makes through the gateway's test, step by step; what it was told goes to stdout as JSON lines."""

import base64
import json
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config

ENDPOINT = sys.argv[1]
ROOT = ("AKIAROOTROOTROOTROOT", "root secret", None)


def client(service, key, **more):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=key[2],
        config=Config(retries={"max_attempts": 0}, **more),
    )


def tell(step, **facts):
    print(json.dumps({"step": step, **facts}, default=str), flush=True)


def credentials(answer):
    given = answer["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def jwt(claims):
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.c2lnbmF0dXJl"


def who(step, key, **facts):
    """A call that says nothing new: what the gateway thinks of the key is looked up by the test."""
    answer = client("iam", key).list_groups()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    tell(step, key=key[0], **facts)


iam = client("iam", ROOT)
user = iam.create_user(UserName="bob", Path="/team/")["User"]
made = iam.create_access_key(UserName="bob")["AccessKey"]
bob = (made["AccessKeyId"], made["SecretAccessKey"], None)
who("user", bob, userId=user["UserId"], secret=bob[1])

trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="app", Path="/svc/", AssumeRolePolicyDocument=json.dumps(trust))["Role"]

sts = client("sts", bob)
answer = sts.assume_role(
    RoleArn=role["Arn"],
    RoleSessionName="s1",
    SerialNumber="arn:aws:iam::123456789012:mfa/bob",
    TokenCode="123456",
    SourceIdentity="robert",
    Tags=[{"Key": "team", "Value": "red"}, {"Key": "other", "Value": "x"}],
    TransitiveTagKeys=["team"],
)
first = credentials(answer)
who("role", first, roleId=role["RoleId"], principalId=answer["AssumedRoleUser"]["AssumedRoleId"], secret=first[1], token=first[2])

# On into a role of another account: moto lets everybody, and the role need not exist.
answer = client("sts", first).assume_role(RoleArn="arn:aws:iam::210987654321:role/far/away", RoleSessionName="s2")
second = credentials(answer)
who("chained", second, principalId=answer["AssumedRoleUser"]["AssumedRoleId"])

# A user of the same name over there.
there = client("iam", second)
other = there.create_user(UserName="bob")["User"]
made = there.create_access_key(UserName="bob")["AccessKey"]
who("other account", (made["AccessKeyId"], made["SecretAccessKey"], None), userId=other["UserId"])

answer = client("sts", (None, None, None), signature_version=UNSIGNED).assume_role_with_web_identity(
    RoleArn=role["Arn"],
    RoleSessionName="pod",
    WebIdentityToken=jwt({"iss": "https://oidc.example/id/1", "aud": ["sts.amazonaws.com"], "sub": "system:sa:web"}),
)
who("web identity", credentials(answer))

saml = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">
<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:AttributeStatement>
<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>carol</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue>{0},arn:aws:iam::123456789012:saml-provider/idp</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement></saml:Assertion></samlp:Response>""".format(role["Arn"])
answer = client("sts", (None, None, None), signature_version=UNSIGNED).assume_role_with_saml(
    RoleArn=role["Arn"],
    PrincipalArn="arn:aws:iam::123456789012:saml-provider/idp",
    SAMLAssertion=base64.b64encode(saml.encode()).decode(),
)
who("saml", credentials(answer), subject=answer["Subject"])

who("session", credentials(sts.get_session_token(SerialNumber="GAHT12345678", TokenCode="654321")), userId=user["UserId"])
who("federated", credentials(sts.get_federation_token(Name="guest")), userId=user["UserId"])

stranger = ("AKIASTRANGERSTRANGER", "whatever", None)
who("stranger", stranger)
client("sts", stranger).get_caller_identity()
who("stranger asked", stranger)

iam.create_account_alias(AccountAlias="acme")
who("alias", ROOT)

iam.update_user(UserName="bob", NewUserName="rob")
who("renamed", bob, userId=user["UserId"])
iam.update_access_key(UserName="rob", AccessKeyId=bob[0], Status="Inactive")
tell("inactive", key=bob[0])
iam.delete_access_key(UserName="rob", AccessKeyId=bob[0])
tell("deleted", key=bob[0])
tell("end")
