"""Sources read HR to a private, complete copy before anything is planned from it: a CSV file, a workbook, or one SQL query.

``open_source`` makes a ``base.Source`` of one of the settings in ``settings``; ``Source.read`` gives a ``base.Reading``.
A source that cannot be read whole is a ``SourceError``; a row that is whole but wrong is for the Mapping to judge.
"""

from syncd.sources.base import Source
from syncd.sources.settings import CsvSourceSettings, ExcelSourceSettings, SourceSettings

__all__ = ["CsvSourceSettings", "Source", "SourceSettings", "open_source"]


def open_source(settings: SourceSettings) -> Source:
    """The Source that these settings describe; nothing is read yet."""
    if isinstance(settings, CsvSourceSettings):
        from syncd.sources.csvfile import CsvSource

        return CsvSource(settings)
    if isinstance(settings, ExcelSourceSettings):
        from syncd.sources.excel import ExcelSource

        return ExcelSource(settings)
    from syncd.sources.sql import SqlSource

    return SqlSource(settings)
