"""The tables of a catalogue, and the version of them that stands in every database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

# Raised with every change of the tables; a database that states more is not touched.
CATALOGUE_VERSION: Final = 1
# Texts come from devices: they are cut to this many characters, and columns say so too.
MAX_TEXT: Final = 400
_HASH = String(64)
_TEXT = String(MAX_TEXT)

metadata = MetaData()

about = Table(
    "about",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(40), nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_id", String(80), nullable=False, unique=True),
    Column("replaces", String(80), nullable=False),
    # 1 where another record that is here replaces it.
    Column("superseded", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("schema_version", String(20), nullable=False),
    Column("started", String(40), nullable=False),
    Column("ended", String(40), nullable=False),
    Column("device", _TEXT, nullable=False),
    Column("device_key", _TEXT, nullable=False),
    Column("model", _TEXT, nullable=False),
    Column("model_sha256", _HASH, nullable=False),
    Column("quantization", _TEXT, nullable=False),
    Column("engine_kind", _TEXT, nullable=False),
    Column("engine", _TEXT, nullable=False),
    Column("dataset", _TEXT, nullable=False),
    Column("dataset_sha256", _HASH, nullable=False),
    Column("settings_sha256", _HASH, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("tier", String(10), nullable=False),
    Column("path", Text, nullable=False),
    Column("file_sha256", _HASH, nullable=False),
    Index("records_replaces", "replaces"),
    Index("records_started", "started", "superseded"),
    Index("records_model", "model_sha256"),
    Index("records_settings", "settings_sha256"),
    # Whose name holds a part is known after a look at every record: at this index alone.
    Index("records_device", "device", "device_key", "superseded", "started"),
)

results = Table(
    "results",
    metadata,
    Column("record", Integer, ForeignKey("records.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("result", _TEXT, nullable=False),
    Column("measurand", _TEXT, nullable=False),
    Column("measurand_id", _TEXT, nullable=False),
    Column("statistic", _TEXT, nullable=False),
    Column("scope", _TEXT, nullable=False),
    Column("source", _TEXT, nullable=False),
    Column("rule", _TEXT, nullable=False),
    Column("tier", String(10), nullable=False),
    Column("unit", String(40), nullable=False),
    # The record's own decimal text is the value; the double beside it is there to be searched.
    Column("value", String(40), nullable=True),
    Column("number", Float(53), nullable=True),
    Column("U", String(40), nullable=True),
    Column("U_number", Float(53), nullable=True),
    Column("k", String(40), nullable=True),
    Column("n", Integer, nullable=False),
    Column("missing", _TEXT, nullable=False),
    Column("attempts", Text, nullable=False),
    # Records are looked through in order of time, and of each the results that fit: what is most
    # asked for is in the index, so that no row of this large table is read for what does not fit.
    Index("results_of_record", "record", "measurand", "scope", "number", "U_number"),
    # For a range of values over all records (`find.py` says which of the two is used).
    Index("results_by_value", "measurand", "number", "scope"),
    sqlite_with_rowid=False,  # the results of a record lie beside each other
)

documents = Table(
    "documents",
    metadata,
    Column("record", Integer, ForeignKey("records.id"), primary_key=True),
    Column("raw", LargeBinary, nullable=False),
)
