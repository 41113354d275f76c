"""The quick look at an address in the core takes nothing that the thorough one refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.config.email import email_fault
from syncd.core.checks import check_field
from syncd.core.transforms import Refused


@pytest.mark.parametrize(
    "address",
    [
        "a@b.de",
        "Ana.Novak@example.com",
        "ana+x@sub.example.co.uk",
        "ana@corp.local",
        "ana@bücher.de",
        "o'brien@x.test",
    ],
)
def test_an_address(address):
    assert email_fault(address) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SKING",
        "ana@",
        "@x.de",
        "ana@localhost",
        "a@b@c.de",
        "ana@x..de",
        ".ana@x.de",
        "ana @x.de",
        "Ana <a@x.de>",
    ],
)
def test_no_address(text):
    assert email_fault(text)


@given(st.from_regex(r"[a-zA-Z0-9.+_-]{1,70}@[a-zA-Z0-9.-]{1,70}\.(com|de|net|xx)", fullmatch=True))
def test_the_quick_look_takes_only_addresses(address):
    def never(_text: str) -> str:
        return "not quick"

    try:
        check_field("Email", address, custom_username=False, email=never)
    except Refused:
        return
    assert email_fault(address) == ""
