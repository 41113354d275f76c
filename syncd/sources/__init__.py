"""Sources read HR to a private, complete copy before anything is planned from it: a CSV file, a workbook, or one SQL query.

``open_source`` makes a ``base.Source`` of one of the settings in ``settings``; ``Source.read`` gives a ``base.Reading``.
A source that cannot be read whole is a ``SourceError``; a row that is whole but wrong is for the Mapping to judge.
"""

from syncd.errors import ConfigError, Fault
from syncd.sources.base import Source
from syncd.sources.fetch_settings import FetchSettings, HttpsFileSettings, SftpFileSettings
from syncd.sources.fetching import Fetch
from syncd.sources.json_settings import JsonSourceSettings
from syncd.sources.settings import CsvSourceSettings, ExcelSourceSettings, SourceSettings

__all__ = ["CsvSourceSettings", "Source", "SourceSettings", "open_fetch", "open_source"]


def open_source(settings: SourceSettings, *, fetch: Fetch | None = None) -> Source:
    """The Source that these settings describe; nothing is read yet. ``fetch`` brings its file, if that is elsewhere."""
    if isinstance(settings, CsvSourceSettings):
        from syncd.sources.csvfile import CsvSource

        return CsvSource(settings, fetch=fetch)
    if isinstance(settings, ExcelSourceSettings):
        from syncd.sources.excel import ExcelSource

        return ExcelSource(settings, fetch=fetch)
    if isinstance(settings, JsonSourceSettings):
        from syncd.sources.jsonsource import JsonSource

        return JsonSource(settings)
    from syncd.sources.sql import SqlSource

    return SqlSource(settings)


def open_fetch(settings: FetchSettings) -> Fetch:
    """The Fetch that these settings describe; nothing is asked of any server yet. Raises ConfigError if its package is missing."""
    if isinstance(settings, HttpsFileSettings):
        from syncd.sources.httpsfile import HttpsFile

        return HttpsFile(settings)
    extra = "sftp" if isinstance(settings, SftpFileSettings) else "s3"
    try:
        if isinstance(settings, SftpFileSettings):
            from syncd.sources.sftpfile import SftpFile

            return SftpFile(settings)
        from syncd.sources.s3file import S3File

        return S3File(settings)
    except ImportError as error:
        message = (
            f'{error.name} is not installed, which it takes. Install it with: pip install "syncd[{extra}]"'
        )
        raise ConfigError([Fault(where=settings.name, key="from", message=message)]) from None
