"""The official Python client against the face: python face.py kurrentdb://127.0.0.1:PORT?tls=false"""

import sys
import uuid

from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.exceptions import (
    FailedPreconditionError,
    GrpcError,
    NotFoundError,
    StreamIsDeletedError,
    WrongCurrentVersionError,
)


def event(n):
    return NewEvent(type="Happened", data=b'{"n":%d}' % n, metadata=b'{"by":"python"}')


def refused(error, call, *args, **kwargs):
    try:
        result = call(*args, **kwargs)
        if not isinstance(result, int) and result is not None:
            list(result)
    except error:
        return
    raise AssertionError(f"not refused with {error.__name__}")


client = KurrentDBClient(uri=sys.argv[1])
run = uuid.uuid4().hex[:8]
stream = f"python{run}-1"

client.append_to_stream(stream, current_version=StreamState.NO_STREAM, events=[event(n) for n in range(3)])
client.append_to_stream(stream, current_version=2, events=event(3))
refused(WrongCurrentVersionError, client.append_to_stream, stream, current_version=0, events=event(9))
print("append, conflict")

read = client.get_stream(stream)
assert [e.stream_position for e in read] == [0, 1, 2, 3]
assert read[1].data == b'{"n":1}' and read[1].metadata == b'{"by":"python"}'
assert read[1].recorded_at is not None
back = client.get_stream(stream, backwards=True, limit=2)
assert [e.stream_position for e in back] == [3, 2]
refused(NotFoundError, client.get_stream, f"none{run}")
newest = list(client.read_all(backwards=True, limit=2))
assert [e.stream_position for e in newest] == [3, 2], newest
print("read forwards, backwards, $all")

options = {"filter_include": [f"python{run}.*"], "filter_by_stream_name": True}
with client.subscribe_to_all(**options) as subscription:
    seen = [next(subscription) for _ in range(2)]
with client.subscribe_to_all(commit_position=seen[1].commit_position, **options) as subscription:
    assert [next(subscription).stream_position for _ in range(2)] == [2, 3]
print("filtered subscription, resumed")

client.set_stream_metadata(stream, metadata={"$maxCount": 2})
metadata, _ = client.get_stream_metadata(stream)
assert metadata == {"$maxCount": 2}
assert [e.stream_position for e in client.get_stream(stream)] == [2, 3]
client.delete_stream(stream, current_version=3)
refused(NotFoundError, client.get_stream, stream)
client.append_to_stream(stream, current_version=StreamState.NO_STREAM, events=event(4))
assert [e.stream_position for e in client.get_stream(stream)] == [4]
client.tombstone_stream(stream, current_version=4)
refused(StreamIsDeletedError, client.get_stream, stream)
refused(FailedPreconditionError, client.append_to_stream, stream, current_version=StreamState.ANY, events=event(5))
print("metadata, delete, begin anew, tombstone")

source = f"work{run}-1"
client.create_subscription_to_stream("group", source)
client.append_to_stream(source, current_version=StreamState.ANY, events=[event(0), event(1)])
judged = []
with client.read_subscription_to_stream("group", source) as subscription:
    for resolved in subscription:
        judged.append(resolved.stream_position)
        if len(judged) == 1:
            subscription.nack(resolved, action="park")
        else:
            subscription.ack(resolved)
        if len(judged) == 2:
            while client.get_subscription_info("group", source).parked_message_count != 1:
                pass
            client.replay_parked_events("group", source)
        if len(judged) == 3:
            break
assert judged == [0, 1, 0], judged
print("persistent subscription, park, replay")

try:
    client.get_projection_state("p")
    raise AssertionError("there are no projections")
except GrpcError as error:
    assert "no projections: " in str(error) and "catch-up" in str(error), error
print("what is not supported says what to do instead")
client.close()
print("ok")
