"""The suspicious reading of a query: one SELECT passes, everything else is refused with its line."""

import pytest

from syncd.errors import SourceError
from syncd.sources.sqltext import one_select

ACCEPTED = [
    "SELECT 1",
    "select * from people",
    "WITH a AS (SELECT 1 x) SELECT x FROM a",
    "-- staff\n/* all; of them */ SELECT replace(name, 'a', 'b') FROM p WHERE note = 'it''s; DROP TABLE p -- no'",
    'SELECT "delete", p.update, `into`, [drop] FROM p',
    "SELECT last_update, created FROM p WHERE id::text LIKE 'a%' AND a[1] = 2 AND b <> 'C:\\dir'",
    "SELECT a - -1 FROM p\r\nORDER BY 1",
]


@pytest.mark.parametrize("query", ACCEPTED)
def test_accepted_as_it_is(query):
    assert one_select(query, "hr") == query


def test_a_closing_semicolon_and_comments_after_it_are_dropped():
    assert one_select("SELECT 1, 1 ; -- done\n ;\n", "hr") == "SELECT 1, 1"


REFUSED = {
    "": "hr: the query is empty. Write one SELECT.",
    "-- nothing\n": "hr: the query is empty. Write one SELECT.",
    "SELECT 1;\nDROP TABLE p": "line 1: there is more than one statement; exactly one SELECT is accepted",
    "DELETE FROM p": "line 1: the query begins with 'DELETE'; one SELECT or WITH ... SELECT is accepted",
    "/* a */ call x()": "the query begins with 'call'",
    "PRAGMA query_only=OFF": "the query begins with 'PRAGMA'",
    "WITH x AS (\nDELETE FROM p RETURNING *) SELECT * FROM x": "line 2: DELETE is not accepted in a query that only",
    "WITH x AS (SELECT 1) UPDATE p SET a=1": "the WITH leads to no SELECT",
    "WITH x AS (SELECT 1) INSERT INTO p SELECT * FROM x": "INSERT is not accepted",
    "SELECT * INTO other FROM p": "INTO is not accepted in a query that only reads (write t.into if it is a column)",
    "SELECT 1.INTO OUTFILE '/tmp/x'": "INTO is not accepted",
    "SELECT * FROM p FOR UPDATE": "UPDATE is not accepted",
    "SELECT 'abc": "a quote (') is opened and never closed",
    "SELECT 'a\\'; DROP TABLE p; -- '": "a backslash before a quote means different things",
    'SELECT "a\\" FROM p': "a backslash before a quote means different things",
    "SELECT $$a$$": "dollar quotes are not accepted",
    "SELECT $x$a$x$": "dollar quotes are not accepted",
    "SELECT q'[it's]' FROM p": "Oracle's q'...' is not accepted",
    "SELECT /* a /* b */ c */ 1": "comments within comments",
    "SELECT /*!50000 1 */ 2": "comments within comments, and /*! ... */, are not accepted",
    "SELECT 1 /* open": "a comment is opened and never closed",
    "SELECT 5--1": "'--' must be followed by a space",
    "SELECT 1 -- a\rDROP TABLE p": "a line end that is CR alone is not accepted",
    "SELECT 1\0": "a NUL character is not accepted",
    "SELECT ARRAY['a']": "brackets may hold only a plain name or subscript",
}


@pytest.mark.parametrize(("query", "message"), REFUSED.items(), ids=[repr(query) for query in REFUSED])
def test_refused(query, message):
    with pytest.raises(SourceError) as caught:
        one_select(query, "hr")
    assert message in str(caught.value)


def test_hash_is_a_comment_in_mysql_alone():
    assert one_select("SELECT 5 # 1", "hr") == "SELECT 5 # 1"
    with pytest.raises(SourceError, match="'#' comments are not accepted"):
        one_select("SELECT 5 # 1", "hr", hash_comments=True)
