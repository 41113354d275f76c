"""The example of training in the documentation, with its files, into the sandbox."""

import shutil
from pathlib import Path

from tests.test_cli_training import results, roll
from tests.workbench import workbench

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
BOSS = {"UserName": "boss@example.com", "FirstName": "B", "LastName": "Oss"}
DAY = {"StartDate": "2026-01-10T09:00:00Z", "EndDate": "2026-01-10T16:00:00Z"}
SEED = {
    "users": [BOSS],
    "courses": [{"Name": "Forklift Licence"}, {"Name": "First Aid"}],
    "sessions": [
        {"Course": "First Aid", "Name": "January class", "Instructor": BOSS["UserName"], "Days": [DAY]}
    ],
}


def test_the_example_does_what_its_page_says(tmp_path):
    with workbench(tmp_path, seed=SEED) as bench:
        bench.in_process = True
        for file in EXAMPLES.glob("training*"):
            shutil.copy(file, tmp_path / ("syncd.yaml" if file.suffix == ".yaml" else file.name))
        bench.environ = {"LITMOS_URL": bench.sandbox.base_url}
        first = bench.run("push", "--all").stdout
        assert first.count("TRAINING-NO-USER") == 4
        planned = bench.run("push", "--fresh", "--all").stdout
        for told in (
            'employee 00101  record course "Forklift Licence" as completed, 2025-03-14, score 88',
            'employee 00102  record course "Forklift Licence" as completed, 2025-09-02, score 100',
            'employee 00101  record course "First Aid" as attended, score 100',
            'session "January class": attendance says so, training-attendance.csv:2]',
            "! training-licences.csv:6 employee 00199 rejected: EMPLOYEE-UNKNOWN",
            "= employee 00103 left alone: TRAINING-NOT-ASSIGNED",
        ):
            assert told in planned, planned
        assert results(bench, "Forklift Licence") == {
            "00101": ("88", "2025-03-14"),
            "00102": ("100", "2025-09-02"),
        }
        assert roll(bench) == {"00101": (True, "100")}
        licences = tmp_path / "training-licences.csv"
        text = licences.read_text().replace(";88;valid", ";92;valid")
        licences.write_text(f"{text}00102;FL;F-2307;10.01.2026;;withdrawn\n")
        bench.run("refresh")
        shown = bench.run("push").stdout
        assert "score 88 -> 92" in shown
        assert 'employee 00102  reset course "Forklift Licence"' in shown
        assert results(bench, "Forklift Licence") == {"00101": ("92", "2025-03-14")}
        bench.run("refresh")
        assert "nothing to change" in bench.run("push").stdout
