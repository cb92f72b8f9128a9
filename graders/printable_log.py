"""nbgrader's log on the instructor's terminal: names and messages in it are a learner's, who could draw what they like."""

import logging

from course.tables import printable


class PrintableLog(logging.Filter):
    """Every line that is logged without control characters; an error's traceback, too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mend the record; it is always logged."""
        record.msg, record.args = printable_lines(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = record.exc_text and printable_lines(record.exc_text)  # which a formatter takes as it is
        return True


def make_printable(log) -> None:
    """Let a logger, or an adapter of one, log only what is printable."""
    log = getattr(log, "logger", log)
    if not any(isinstance(one, PrintableLog) for one in log.filters):
        log.addFilter(PrintableLog())


def printable_lines(text: str) -> str:
    """The lines of a text, each printable."""
    return "\n".join(map(printable, text.split("\n")))
