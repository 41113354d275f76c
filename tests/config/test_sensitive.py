"""Columns that a learning system has no need of."""

import pytest

from syncd.config.sensitive import looks_like
from tests.config.files import HEAD, USERS, load_text

SENSITIVE = {
    "pay": "salary BaseSalary annual_salary Gehalt Grundgehalt Lohngruppe wage_rate Salaire salario Vergütung PayGrade BONUS",
    "a bank account": "IBAN bank_account BIC Kontonummer Bankverbindung sort_code routingNumber",
    "an identity number": (
        "SSN ssn_last4 SocialSecurityNumber tax_id TaxID Steuer-ID Steuernummer passport_no PassportNumber Reisepass "
        "Personalausweis NationalID NINO codice_fiscale DNI BSN PESEL Sozialversicherungsnummer"
    ),
    "a date of birth": "DOB date_of_birth birthDate Geburtsdatum date-de-naissance fecha_nacimiento data_nascita BIRTH_DT",
    "something personal": "race Ethnicity religion marital_status Familienstand",
}
HARMLESS = (
    "employee_id first_name last_name email department division location country status hire_date manager_id job_title "
    "CostCenter position grade supervisor company startdate ExitDate Trace Bicycle grace_period Wagen singing Karriere "
    "training Kontakt contact_number phone_number Personalnummer payload display_name reporting_to tin_foil_hat"
).replace("tin_foil_hat", "routine")


@pytest.mark.parametrize(
    ("column", "kind"), [(column, kind) for kind, columns in SENSITIVE.items() for column in columns.split()]
)
def test_what_looks_sensitive(column, kind):
    assert looks_like(column) == kind


@pytest.mark.parametrize("column", HARMLESS.split())
def test_what_does_not(column):
    assert looks_like(column) == ""


def test_a_rule_that_would_send_one_is_warned_of_until_it_is_meant(tmp_path):
    rules = """\
    CustomField1: {from: ssn}
    CustomField2: {expr: 'row["Date of birth"].substring(0, 4)', when: {salary: high}}
    CustomField3: ssn
teams: [{name: "Pay {pay_grade}"}]
"""
    config = load_text(tmp_path, HEAD + USERS + rules)
    assert list(config.warnings) == [
        (
            'syncd.yaml:14:26: users.fields.CustomField1: column "ssn" looks like an identity number, and would be sent to '
            "Litmos; take it out, or name it in users.sensitive"
        ),
        (
            'syncd.yaml:15:26: users.fields.CustomField2: column "Date of birth" looks like a date of birth, and would be '
            "sent to Litmos; take it out, or name it in users.sensitive"
        ),
        (
            'syncd.yaml:17:16: teams[0]: column "pay_grade" looks like pay, and would be sent to Litmos; take it out, or '
            "name it in users.sensitive"
        ),
    ]
    meant = USERS.replace("users:\n", "users:\n  sensitive: [ssn, Date of birth, pay_grade, salery]\n")
    assert list(load_text(tmp_path, HEAD + meant + rules).warnings) == [
        (
            'syncd.yaml:9:46: users.sensitive: no rule sends a column "salery"; known are Date of birth, email, employee_id, '
            "first_name, last_name, pay_grade, ssn"
        )
    ]
