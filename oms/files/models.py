"""Staging of imports: a file as it came (sha256, bytes) and its raw rows with what became of each.

A run of a file that is not done is found again by (format, sha256, history): a killed import goes on where it was,
two workers share one run. Rows of one document (an order's lines) share `document`, the number of its first row.
Rows are numbered as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from oms.accounts.models import User
from oms.files.choices import OPEN_STATES, REFUSED, FileState, RowState


class ImportFile(models.Model):
    """One run of one file. `header` are the format's columns the file has, in the file's order ("" where it takes none,
    several names with blanks where one column is two things).

    An uploaded file names its `sender` (opaque, "" = who uploaded it), keeps its own column `names`, the first rows as a
    `sample`, and the `layout` it is read by; `problem` is why it cannot be read; `asked` counts what the worker was asked.
    """

    format = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=4, db_default="csv")
    encoding = models.CharField(max_length=20, db_default="utf-8")
    sender = models.CharField(max_length=60, db_default="")
    names = ArrayField(models.CharField(max_length=60), db_default=[])
    sample = models.JSONField(db_default=[])
    layout = models.JSONField(db_default={})
    problem = models.TextField(db_default="")
    asked = models.SmallIntegerField(db_default=0)
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField()
    header = ArrayField(models.CharField(max_length=60), default=list)
    history = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=FileState.choices, default=FileState.STAGING)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    staged_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["format", "sha256", "history"], name="import_one_run", condition=Q(state__in=OPEN_STATES)),
        ]
        indexes = [models.Index(fields=["format", "sha256"], name="import_file_known")]

    def __str__(self) -> str:
        return self.name

    @property
    def mark(self) -> str:
        """The state's mark: attention where it waits for who uploaded it."""
        return "attention" if self.state in (FileState.COLUMNS, FileState.CHECKED) else self.state


class ImportLayout(models.Model):
    """How a sender's files of a format are read (oms.files.domain.Layout). `owner` is the sender, or the user who uploads."""

    format = models.CharField(max_length=40)
    owner = models.CharField(max_length=70)
    columns = models.JSONField(default=dict)
    constants = models.JSONField(default=dict)
    decimals = models.CharField(max_length=1, default=".")
    days = models.CharField(max_length=3, default="ymd")
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["format", "owner"], name="import_layout_once")]


class ImportRow(models.Model):
    """A row as it came. `errors` are [column, reason]; `changes` are [column, before, after]; `result` names what was made."""

    file = models.ForeignKey(ImportFile, on_delete=models.CASCADE, related_name="rows", db_index=False)
    number = models.IntegerField()
    document = models.IntegerField()
    cells = ArrayField(models.TextField())
    state = models.CharField(max_length=10, choices=RowState.choices, db_default=RowState.STAGED)
    errors = models.JSONField(db_default=[])
    changes = models.JSONField(db_default=[])
    result = models.CharField(max_length=60, db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "document", "number"], name="import_row_once")]
        indexes = [models.Index(fields=["file", "number"], name="import_row_refused", condition=Q(state__in=REFUSED))]
