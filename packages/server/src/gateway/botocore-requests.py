"""Prints a request as botocore would send it for each operation that it knows, a JSON object a line.

The oracle of recognise.oracle.test.ts. Arguments: names of services; none means all. Members that are not required are
left out, but for labels of the path.
"""
import datetime
import json
import sys
import warnings
from urllib.parse import urlencode

warnings.filterwarnings("ignore")
import botocore.serialize
import botocore.session

DEPTH_MAX = 4
SIMPLE = {
    "integer": 1,
    "long": 1,
    "float": 1.0,
    "double": 1.0,
    "boolean": True,
    "blob": b"x",
    "timestamp": datetime.datetime(2024, 1, 1),
}


def sample(shape, depth=0):
    kind = shape.type_name
    if kind == "structure":
        if depth > DEPTH_MAX:
            return {}
        if getattr(shape, "is_tagged_union", False):
            return {name: sample(m, depth + 1) for name, m in list(shape.members.items())[:1]}
        wanted = set(shape.required_members)
        return {
            name: sample(m, depth + 1)
            for name, m in shape.members.items()
            if name in wanted or (depth == 0 and m.serialization.get("location") == "uri")
        }
    if kind == "list":
        return [sample(shape.member, depth + 1)]
    if kind == "map":
        return {"k": sample(shape.value, depth + 1)}
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * max(shape.metadata.get("min", 4), 4)
    return SIMPLE[kind]


def text(value):
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


def line(model, protocol, name, operation):
    serializer = botocore.serialize.create_serializer(protocol, False)
    request = serializer.serialize_to_request(sample(operation.input_shape) if operation.input_shape else {}, operation)
    body, query = request["body"], request.get("query_string") or {}
    path, _, literals = request["url_path"].partition("?")
    pairs = [part.partition("=")[::2] for part in literals.split("&") if part]
    pairs += list(query.items()) if isinstance(query, dict) else list(query)
    return {
        "id": str(model.service_id.hyphenize()),
        "operation": name,
        "protocol": protocol,
        "signingName": model.signing_name,
        "endpointPrefix": model.endpoint_prefix,
        "method": request["method"],
        "path": path,
        "query": [[key, text(value[0] if isinstance(value, list) else value)] for key, value in pairs],
        "headers": {key.lower(): text(value) for key, value in request["headers"].items()},
        "body": urlencode(body) if isinstance(body, dict) else text(body)[:4000],
        "http": operation.http,
        "members": members(operation.input_shape),
    }


def members(shape):
    """Where each member of the input travels, and under what name."""
    if shape is None:
        return {}
    return {n: [m.serialization.get("location"), m.serialization.get("name"), m.type_name] for n, m in shape.members.items()}


session = botocore.session.get_session()
for service in sys.argv[1:] or session.get_available_services():
    model = session.get_service_model(service)
    protocols = model.metadata.get("protocols") or [model.metadata["protocol"]]
    for name in model.operation_names:
        for protocol in protocols:
            print(json.dumps(line(model, protocol, name, model.operation_model(name))))
