import re

from syncd.sandbox.ids import IdMint


def test_ids_are_url_tokens_of_two_lengths() -> None:
    mint = IdMint()
    pairs = [mint.mint("user") for _ in range(400)]
    shape = re.compile(r"[A-Za-z0-9_-]{11}1|[A-Za-z0-9_-]{22}2")
    assert all(shape.fullmatch(token) for _, token in pairs)
    assert all(len(token) == (12 if number < 10_000_000 else 23) for number, token in pairs)
    assert {len(token) for _, token in pairs} == {12, 23}
    assert {"-", "_"} <= {token[0] for _, token in pairs}
    assert len({token for _, token in pairs}) == 400


def test_the_same_seed_gives_the_same_ids() -> None:
    one, same, other = IdMint("a"), IdMint("a"), IdMint("b")
    assert [one.mint("team") for _ in range(5)] == [same.mint("team") for _ in range(5)]
    assert one.mint("team") != other.mint("team")


def test_numbers_that_were_brought_along_are_not_given_again() -> None:
    mint = IdMint()
    mint.used("team", 900_000)
    mint.used("team", 5)
    assert mint.mint("team")[0] == 900_001
