"""Names of things, each a type of its own so that one cannot stand where another belongs."""

from typing import NewType

JobId = NewType("JobId", str)
WorkerId = NewType("WorkerId", str)
WriteId = NewType("WriteId", str)
Digest = NewType("Digest", str)
Epoch = NewType("Epoch", int)
ShardNumber = NewType("ShardNumber", int)
Slot = NewType("Slot", int)
UserId = NewType("UserId", str)
TemplateId = NewType("TemplateId", str)
ExportId = NewType("ExportId", str)
UploadId = NewType("UploadId", str)

# Who owns what is made on a laptop without an account; no account ever has this id.
LOCAL = UserId("local")

# The sifting of a job is leased and fenced exactly like a shard, under a number no shard of slots has.
SIFTING = ShardNumber(-1)
