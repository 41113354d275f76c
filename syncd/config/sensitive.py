"""Sensitive columns: names that look like pay, bank accounts, identity numbers and the like, in several languages.

A learning system needs none of it. A rule that would send such a column is warned of, unless ``users.sensitive`` names it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from syncd.config.document import Document, Loc, dotted
from syncd.config.faults import suggestion
from syncd.config.source_parts import SourceSettings
from syncd.core import mapping as core
from syncd.core.rules import columns_of

_WHOLE: Mapping[str, str] = {
    "pay": "pay wage wages bonus lohn salarie salaire sueldo nomina loon lon pensja",
    "a bank account": "iban bic swift konto rib",
    "an identity number": "ssn sin tin nin nino nir nif nie dni cpf bsn pesel passport passeport ausweis",
    "a date of birth": "dob birth birthday birthdate",
    "something personal": "race religion union disability",
}
"""Words that say so alone."""
_PIECES: Mapping[str, str] = {
    "pay": (
        "salar salair gehalt lohngruppe stundenlohn verguetung entgelt compensation remuneration payrate "
        "paygrade paygroup payscale retribuzion stipend wynagrodz ersattning palkka"
    ),
    "a bank account": (
        "bankaccount accountnumber accountno sortcode routingnumber kontonummer kontonr bankverbindung "
        "bankleitzahl comptebancaire cuentabancaria contocorrente rekeningnummer numerorachunku bankkonto"
    ),
    "an identity number": (
        "socialsecurity socialinsurance nationalid nationalinsurance identitynumber identitycard idcardnumber "
        "taxid taxnumber taxpayer passportn reisepass pasaporte passaporto paspoort steuerid steuernummer "
        "sozialversicherung svnummer personalausweis fuehrerschein driverslicense driverlicense "
        "drivinglicence securitesociale seguridadsocial codicefiscale burgerservice personnummer "
        "fodselsnummer"
    ),
    "a date of birth": (
        "dateofbirth birthdate birthday geburt naissance nacimiento nascita nascimento geboorte urodzeni "
        "fodelse fodsel"
    ),
    "something personal": (
        "ethnic konfession behinder handicap maritalstatus familienstand gewerkschaft healthcare disabilit "
        "nationality staatsangehoerig"
    ),
}
"""Pieces of a name that say so, written without spaces."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "o"}
)


def looks_like(column: str) -> str:
    """What sensitive thing a column's name looks like (``a bank account``), or ""."""
    for text in {column.translate(_UMLAUTS), column}:
        folded = unicodedata.normalize("NFKD", text)
        words = [
            word.lower() for word in _WORD.findall("".join(c for c in folded if not unicodedata.combining(c)))
        ]
        joined = "".join(words)
        for kind, whole in _WHOLE.items():
            if not set(words).isdisjoint(whole.split()) or any(
                piece in joined for piece in _PIECES[kind].split()
            ):
                return kind
    return ""


def sensitive_warnings(
    mapping: core.Mapping, known: tuple[str, ...], document: Document, sources: Mapping[Loc, SourceSettings]
) -> list[str]:
    """A sentence for each sensitive column that would be sent, at its first place; ``known`` are those that may be.

    A column that a source calls otherwise is judged by both names.
    """
    found: dict[str, str] = {}
    sent: dict[str, tuple[str, str]] = {}
    for column, named in _sent(mapping):
        sent.setdefault(column, named)
    for place, part in sources.items():
        at = (*place, "columns")
        for theirs, ours in part.renamed.items():
            if ours in sent:
                sent.setdefault(theirs, (document.where(at), dotted(at)))
    for column, (where, key) in sent.items():
        kind = looks_like(column)
        if kind and column not in known:
            found[column] = (
                f'{where}: {key}: column "{column}" looks like {kind}, and would be sent to Litmos; '
                f"take it out, or name it in users.sensitive"
            )
    for index, column in enumerate(known):
        loc: Loc = ("users", "sensitive", index)
        if column not in sent:
            named_at = loc if loc in document.values else loc[:-1]
            found[column] = (
                f'{document.where(named_at)}: users.sensitive: no rule sends a column "{column}"{suggestion(column, sorted(sent))}'
            )
    return list(found.values())


def sensitive_fields(mapping: core.Mapping, known: tuple[str, ...]) -> frozenset[str]:
    """The Litmos fields that these columns go to: their values are never kept with what was sent."""
    return frozenset(
        rule.field
        for rule in mapping.fields
        if any(column in known for column, _where in columns_of(rule.value.parts))
    )


def _sent(mapping: core.Mapping) -> Iterator[tuple[str, tuple[str, str]]]:
    """Every column whose text goes to Litmos, with its place and the key of its rule."""
    rules = [(rule.place, rule.value.parts) for rule in mapping.fields]
    rules += [(rule.place, parts) for rule in mapping.teams for parts in rule.names]
    for place, parts in rules:
        for column, where in columns_of(parts):
            yield column, (where, place.key)
