"""Constraints, trusted grading, checks of the lessons, and what nbgrader needs of us."""


def __getattr__(name: str):
    if name == "check":
        from graders.check import check

        return check
    if name == "lesson_checks":
        from graders.notebook import lesson_checks

        return lesson_checks
    raise AttributeError(f"module 'graders' has no attribute {name!r}")
