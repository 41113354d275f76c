from tests.sandbox.conftest import Make


def test_slashes_are_escaped_or_not(make: Make) -> None:
    call = make()
    call.user("ann@example.com", Website="a/b")
    assert b'"a\\/b"' in call("GET", "/users/details").body
    call.control("POST", "modes", {"escape_slashes": False})
    assert b'"a/b"' in call("GET", "/users/details").body


def test_strings_may_come_html_escaped(make: Make) -> None:
    call = make(modes={"html_entities": True})
    call.user("ann@example.com", FirstName='D\'Arcy & "Co"')
    assert call("GET", "/users").json[0]["FirstName"] == "D&#39;Arcy &amp; &quot;Co&quot;"
    assert call.sandbox.dump()["users"][0]["FirstName"] == 'D\'Arcy & "Co"'


def test_names_keep_their_letters(make: Make) -> None:
    call = make()
    call.user("ann@example.com", FirstName="Søren 🌍", LastName="O\u2019Brien")
    row = call("GET", "/users").json[0]
    assert (row["FirstName"], row["LastName"]) == ("Søren 🌍", "O\u2019Brien")
