"""Pages of cases: `desk` for those who answer, `portal` for the customers' own people. Each action calls one use case."""

from orders.service.views.desk import (
    AssignCase,
    CaseAttachment,
    CaseDetail,
    CaseList,
    ClassifyCase,
    LinkCase,
    MergeCase,
    OpenCase,
    ReopenCase,
    ResolveCase,
    SayInCase,
)
from orders.service.views.portal import Ask, Question, Questions

__all__ = [
    "Ask", "AssignCase", "CaseAttachment", "CaseDetail", "CaseList", "ClassifyCase", "LinkCase", "MergeCase", "OpenCase", "Question", "Questions",
    "ReopenCase", "ResolveCase", "SayInCase",
]  # fmt: skip
