"""What can go wrong, as one tree.

Every message says what happened, the value, the limit and what to do next. In a bulk job an
``ItemError`` skips one item and is counted; every other error ends the command.

    LookseekError
    ├── ItemError            one item of a catalogue can't be used
    │   ├── FetchError       its picture can't be fetched by URL, or must not be
    │   │   └── HostUnreachable  nor can others of that host
    │   └── ImageError       its picture can't be used
    │       ├── ImageTooLarge
    │       ├── ImageBroken          a picture, but damaged
    │       └── NotAnImage           something else: empty, SVG, HTML, zip, noise
    ├── CatalogueError       the source as a whole can't be read
    ├── ModelError           a model folder is missing, damaged or of another kind
    ├── FilterError          a filter expression can't be read or names an unknown field
    ├── QueryError           a query asks for what can't be answered
    ├── IndexFolderError          the index folder as a whole
    │   ├── IndexMissing     no index there
    │   ├── IndexDamaged     its files don't match what they should hold
    │   ├── IndexBusy        another process is writing it
    │   ├── IndexFull        the disk has no room for what should be written
    │   ├── IndexUnreachable the server that keeps it can't be reached
    │   └── IndexMismatch    made by another model, metric or newer format
    ├── KeysError            a file of API keys can't be read or written
    ├── ResultError          a result file can't be read, or results don't compare
    ├── ClusterError         the Ray cluster that should encode can't be used, or lost its workers
    ├── TrainError           training can't start or go on, or a run can't be exported
    ├── ServiceError         a service that was asked can't be reached, or refuses
    └── DownloadError        a download that the user asked for failed
"""

__all__ = [
    "CatalogueError",
    "ClusterError",
    "DownloadError",
    "FetchError",
    "FilterError",
    "HostUnreachable",
    "ImageBroken",
    "ImageError",
    "ImageTooLarge",
    "IndexBusy",
    "IndexDamaged",
    "IndexFolderError",
    "IndexFull",
    "IndexMismatch",
    "IndexMissing",
    "IndexUnreachable",
    "ItemError",
    "KeysError",
    "LookseekError",
    "ModelError",
    "NotAnImage",
    "QueryError",
    "ResultError",
    "ServiceError",
    "TrainError",
]


class LookseekError(Exception):
    """Base of all errors that lookseek raises on purpose."""


class ItemError(LookseekError):
    """One item of a catalogue can't be used; a bulk job skips it and counts it."""


class FetchError(ItemError):
    """A picture can't be fetched from the URL that somebody gave, or must not be."""


class HostUnreachable(FetchError):
    """The host of a picture's URL is unknown, must not be asked, or does not answer, whatever the picture."""


class ImageError(ItemError):
    """A picture can't be used."""


class ImageTooLarge(ImageError):
    """A picture declares more pixels than the free memory allows."""


class ImageBroken(ImageError):
    """A picture of a known format that is cut short or damaged."""


class NotAnImage(ImageError):
    """Bytes that are no picture of an allowed format."""


class CatalogueError(LookseekError):
    """A source of items can't be read as a whole."""


class ModelError(LookseekError):
    """A model folder is missing, damaged or not usable here."""


class FilterError(LookseekError):
    """A filter expression can't be read, or names a field that no item has."""


class QueryError(LookseekError):
    """A query asks for something that this index or model can't answer."""


class IndexFolderError(LookseekError):
    """An index folder can't be used."""


class IndexMissing(IndexFolderError):
    """There is no index in the folder."""


class IndexDamaged(IndexFolderError):
    """The files of an index don't hold what they should."""


class IndexBusy(IndexFolderError):
    """Another process is writing the index."""


class IndexFull(IndexFolderError):
    """The disk has no room for what should be written. What was published is whole."""


class IndexMismatch(IndexFolderError):
    """An index made by another model, metric or newer format."""


class IndexUnreachable(IndexFolderError):
    """The server that keeps an index can't be reached, or takes no writes. What was acknowledged is kept."""


class KeysError(LookseekError):
    """A file of API keys can't be read, or a key can't be added to it."""


class ResultError(LookseekError):
    """A result file can't be read, or results that are to be compared don't compare."""


class ClusterError(LookseekError):
    """The Ray cluster that should encode photos can't be used, or lost its workers. What was written is kept."""


class TrainError(LookseekError):
    """Training can't start or go on, or what it left can't be exported."""


class ServiceError(LookseekError):
    """A service that was asked can't be reached, or refuses what it was asked."""


class DownloadError(LookseekError):
    """A download that the user asked for failed."""
