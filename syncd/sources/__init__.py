"""Sources read HR to a private, complete copy before anything is planned from it: a CSV file, or one SQL query.

``open_source`` makes a ``base.Source`` of one of the settings in ``settings``; ``Source.read`` gives a ``base.Reading``.
A source that cannot be read whole is a ``SourceError``; a row that is whole but wrong is for the Mapping to judge.
"""

from syncd.sources.base import Source
from syncd.sources.fetching import Fetch
from syncd.sources.settings import CsvSourceSettings, SourceSettings

__all__ = ["CsvSourceSettings", "Source", "SourceSettings", "open_source"]


def open_source(settings: SourceSettings, *, fetch: Fetch | None = None) -> Source:
    """The Source that these settings describe; nothing is read yet. ``fetch`` brings its file, if that is elsewhere."""
    if isinstance(settings, CsvSourceSettings):
        from syncd.sources.csvfile import CsvSource

        return CsvSource(settings, fetch=fetch)
    from syncd.sources.sql import SqlSource

    return SqlSource(settings)
