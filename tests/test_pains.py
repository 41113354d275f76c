"""The pains of those who keep two systems in step, and the tests that prove that syncd has an answer to each.

This is an index, not a second copy: it asks that each named test is there, that docs/why-syncd.md names the same ones, and
that the YAML and the commands on that page are such as syncd takes.
"""

import ast
import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from syncd.cli.main import app
from tests.config.files import HEAD, USERS, load_text

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "why-syncd.md").read_text(encoding="utf-8")


class Pain(NamedTuple):
    """One of the twenty: its name on the page, the tests that prove the answer, and whether a part is not there yet."""

    name: str
    tests: tuple[str, ...]
    partly: bool = False


PAINS: dict[int, Pain] = {
    1: Pain(
        "A bad reading locks nobody out",
        (
            "tests/flows/test_hold.py::test_a_bad_file_fails_the_run_and_deactivates_nobody",
            "tests/flows/test_hold.py::test_a_half_size_file_is_held_and_counts_for_nobody",
            "tests/flows/test_hold.py::test_absence_deactivates_after_enough_distinct_files",
            "tests/flows/test_hold.py::test_another_tenants_file_is_held_until_approved_and_then_not_doubted_again",
            "tests/flows/test_faults.py::test_a_list_of_people_that_comes_empty_once_empties_nothing",
        ),
    ),
    2: Pain(
        "What is too much waits, and the rest goes on",
        (
            "tests/flows/test_slice.py::test_only_what_the_limit_counts_waits_and_the_rest_is_done",
            "tests/flows/test_slice.py::test_a_doubted_input_holds_all_whatever_is_set",
            "tests/flows/test_slice.py::test_a_whole_hold_is_approved_and_rejected_in_parts",
        ),
    ),
    3: Pain(
        "Limits fit any size, and see waves",
        (
            "tests/flows/test_hold.py::test_a_bad_change_does_not_come_in_waves",
            "tests/core/test_limits.py::test_what_was_done_lately_counts_too",
            "tests/core/test_limits.py::test_every_row_of_the_table_by_percent",
        ),
    ),
    4: Pain(
        "Limits count what happens, not what the file looks like",
        (
            "tests/flows/test_hold.py::test_no_single_team_is_emptied",
            "tests/flows/test_hold.py::test_a_column_that_shifts_is_held_by_the_limit_on_its_field",
            "tests/core/test_limits.py::test_what_goes_along_with_a_team_counts_once",
        ),
    ),
    5: Pain(
        "What waits can be looked at",
        (
            "tests/test_cli.py::test_a_held_run_says_why_and_is_approved_in_parts",
            "tests/test_explain.py::test_why_is_a_held_change_not_made_and_what_to_type",
            "tests/flows/test_hold.py::test_a_wrong_digest_approves_nothing",
            "tests/flows/test_slice.py::test_how_many_lose_access_must_be_what_the_person_was_told",
        ),
    ),
    6: Pain(
        "A new name is the same person",
        (
            "tests/flows/test_identity.py::test_names_change_hands_without_a_refusal_and_everybody_keeps_their_user",
            "tests/flows/test_identity.py::test_a_name_that_a_leaver_keeps_is_a_case_and_not_a_refusal",
            "tests/flows/test_identity.py::test_an_id_that_hr_gives_to_somebody_else_is_held",
            "tests/core/test_usernames.py::test_no_order_that_the_requests_allow_ever_collides_and_all_end_with_their_names",
            "tests/flows/test_company.py::test_a_company_lives",
        ),
    ),
    7: Pain(
        "Who is hired again has one account",
        (
            "tests/flows/test_lifecycle.py::test_a_whole_life_from_the_hire_to_the_rehire",
            "tests/flows/test_push.py::test_a_rehire_who_was_switched_off_before_syncd_came_is_switched_on_and_not_made_twice",
            "tests/flows/test_push.py::test_a_rehire_is_put_into_the_teams_that_deactivation_took",
        ),
    ),
    8: Pain(
        "A person is not an employment",
        (
            "tests/flows/test_identity.py::test_a_contractor_who_is_hired_keeps_their_user_and_leaves_with_the_last_employment",
            "tests/core/test_employments.py::test_the_order_of_rows_does_not_matter_and_a_leaver_has_left_everywhere",
        ),
    ),
    9: Pain(
        "Who starts later is neither skipped nor switched off",
        (
            "tests/flows/test_lifecycle.py::test_a_future_hire_date_never_switches_off_who_is_there",
            "tests/core/test_lifecycle.py::test_a_date_alone_never_ends_access_unless_it_is_the_last_working_day",
            "tests/test_cli_lifecycle.py::test_a_plan_says_who_waits_for_a_day_and_why_and_who_is_invited",
        ),
    ),
    10: Pain(
        "The last day ends where the person is",
        (
            "tests/flows/test_lifecycle.py::test_the_last_day_ends_in_her_own_time_zone",
            "tests/core/test_lifecycle.py::test_the_day_ends_at_midnight_there_and_not_a_second_earlier",
        ),
    ),
    11: Pain(
        "Leave is not a goodbye",
        (
            "tests/flows/test_lifecycle.py::test_who_returns_has_by_rule_and_by_hand_what_was_there_before",
            "tests/flows/test_lifecycle.py::test_leave_can_mute_and_messages_are_as_before_on_return",
            "tests/core/test_diff.py::test_a_leaver_keeps_memberships_and_paths",
        ),
    ),
    12: Pain(
        "Nobody's learning is thrown away",
        (
            "tests/core/test_diff.py::test_a_started_path_is_not_taken_away",
            "tests/core/test_diff.py::test_leaving_a_team_tells_what_it_takes_and_never_takes_a_started_path",
            "tests/flows/test_learning.py::test_a_course_that_was_begun_is_not_taken",
            "tests/flows/test_learning.py::test_what_was_started_is_taken_if_told_to_and_the_plan_says_that_it_cannot_be_undone",
        ),
    ),
    13: Pain(
        "Rules take what rules gave, and nothing else",
        (
            "tests/core/test_diff.py::test_removal_is_own_or_strict",
            "tests/test_cli_grants.py::test_grants_say_which_rule_gave_what_and_what_was_made_by_hand",
            "tests/test_cli_grants.py::test_what_was_adopted_is_taken_like_what_syncd_gave_and_the_rest_stays",
        ),
    ),
    14: Pain(
        "A change by hand is repaired or kept, as you said, and always told",
        (
            "tests/core/test_mapping.py::test_owners",
            "tests/flows/test_delta.py::test_drift_is_recorded_with_field_before_and_after",
            "tests/test_explain.py::test_why_with_drift_names_what_somebody_changed",
            "tests/flows/test_delta.py::test_a_removal_that_litmos_does_not_report_is_found_by_the_rolling_check",
        ),
    ),
    15: Pain(
        "Blank, absent and cleared are three things",
        (
            "tests/test_language.py::test_a_blank_that_keeps_and_a_word_that_clears",
            "tests/core/test_mapping.py::test_absent_blank_and_cleared_are_three_things",
            "tests/test_pitfalls.py::test_an_optional_column_that_is_not_there_changes_nothing_and_is_told",
        ),
    ),
    16: Pain(
        "Managers come, whatever the order of the rows",
        (
            "tests/flows/test_managers.py::test_managers_who_are_created_too_are_set_in_the_same_push_without_a_request_more",
            "tests/flows/test_managers.py::test_a_manager_who_is_not_known_yet_is_set_by_the_push_that_knows_them",
            "tests/core/test_managers.py::test_no_circle_is_ever_sent_and_the_order_of_the_rows_does_not_matter",
        ),
    ),
    17: Pain(
        "Odd files are read right, or refused with the line",
        (
            "tests/test_pitfalls.py::test_a_pitfall",
            "tests/sources/test_bad_csv.py::test_refused_with_this_message",
            "tests/test_bad_input.py::test_a_ragged_row_is_rejected_and_the_others_go_on",
            "tests/flows/test_identity.py::test_a_file_that_lost_its_leading_zeros_changes_nobody_and_is_one_sentence",
        ),
    ),
    18: Pain(
        "Look before the first leap",
        (
            "tests/flows/test_doctor.py::test_day_0_takes_three_reads_and_writes_nothing",
            "tests/core/test_coverage.py::test_by_link_by_each_key_and_those_left_over_on_both_sides",
            "tests/test_daemon.py::test_observe_plans_on_schedule_and_sends_nothing",
            "tests/test_explain.py::test_preview_shows_each_step_and_sends_nothing",
            "tests/test_cli_plans.py::test_a_configuration_change_as_a_people_change",
        ),
    ),
    19: Pain(
        "One person now, leavers first, and the price beforehand",
        (
            "tests/core/test_compile.py::test_leavers_are_first",
            "tests/core/test_compile.py::test_minutes_are_whole_windows",
            "tests/flows/test_part.py::test_only_some_people_with_the_teams_they_need",
            "tests/flows/test_delta.py::test_a_delta_with_nothing_changed_takes_six_requests_and_changes_nothing",
            "tests/flows/test_rate.py::test_three_hundred_writes_at_the_limit",
        ),
        partly=True,
    ),
    20: Pain(
        "The numbers add up",
        (
            "tests/test_cli.py::test_every_planned_change_is_accounted_for",
            "tests/test_cli.py::test_changes_that_failed_exit_5_and_the_next_push_plans_them_again",
            "tests/test_daemon.py::test_healthcheck_tells_a_served_from_a_dead_daemon",
            "tests/flows/test_real_data.py::test_adventureworks_from_database_tables",
        ),
        partly=True,
    ),
}


@cache
def functions_of(path: str) -> frozenset[str]:
    """The names of the functions of this file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def sections() -> dict[int, tuple[str, str]]:
    """Number -> name and text of each section of the page."""
    found = re.split(r"^## (\d+)\. (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return {int(number): (name, text) for number, name, text in zip(*[iter(found)] * 3, strict=True)}


@pytest.mark.parametrize("number", PAINS)
def test_every_test_of_a_pain_is_there(number):
    tests = PAINS[number].tests
    assert tests
    missing = [test for test in tests if test.partition("::")[2] not in functions_of(test.partition("::")[0])]
    assert missing == []


def test_the_page_names_every_pain_with_its_tests_and_no_other():
    assert list(PAINS) == list(range(1, 21))
    page = {
        number: Pain(name, tuple(re.findall(r"`(tests/[\w/.]+\.py::\w+)`", text)), "\nNot yet: " in text)
        for number, (name, text) in sections().items()
    }
    assert page == PAINS


SNIPPETS = [
    pytest.param(written, id=str(number))
    for number, (_name, text) in sections().items()
    for written in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
]
"""Each piece of YAML on the page, by the pain that it answers."""


@pytest.mark.parametrize("written", SNIPPETS)
def test_the_yaml_of_the_page_is_right_in_a_configuration(written, tmp_path):
    read = YAML(typ="safe").load
    base = read(HEAD + USERS + "    Email: email\n")
    loaded = load_text(tmp_path, json.dumps(merged(base, read(written))), dedent=False)
    assert loaded.shown


def merged(base: Any, more: Any) -> Any:
    """Both, the second first; what names its own type stands for itself."""
    if not isinstance(base, dict) or not isinstance(more, dict) or "type" in more:
        return more
    return {**base, **{key: merged(base.get(key), value) for key, value in more.items()}}


COMMANDS = sorted(set(re.findall(r"`syncd ([^`]+)`", PAGE)))


@pytest.mark.parametrize("written", COMMANDS)
def test_the_commands_of_the_page_are_those_of_syncd(written):
    """Command, arguments and options are read before ``--help`` is followed: exit code 2 if there is no such thing."""
    assert CliRunner().invoke(app, [*shlex.split(written), "--help"]).exit_code == 0
    assert CliRunner().invoke(app, [*shlex.split(written), "--no-such", "--help"]).exit_code == 2
